"""Judge a speaker on video it was not trained on, beside simple baselines."""

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from avatar.audio import SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.evaluation.baselines import baselines, speaker_method
from avatar.evaluation.composites import composite_frames
from avatar.evaluation.measure import Measurements, measure
from avatar.evaluation.perceptual import perceptual_distance
from avatar.evaluation.score import Scores, compare
from avatar.evaluation.sync import load_expert, sync_score
from avatar.evaluation.test_set import EvaluationSet, speech_features
from avatar.rendering.pipeline import Pipeline
from avatar.speakers.card import MODEL
from avatar.speakers.speaker import Speaker
from avatar.training.preprocess.landmark_tracker import LandmarkTracker, enlargement

TRUTH = "true video"
TIMED_FRAMES = 50

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    scores: Scores
    model_bytes: int | None = None
    frame_ms: float | None = None  # mean time from sound to finished frame, one thread


@dataclass(frozen=True)
class Evaluation:
    """The whole table and what it is about."""

    speaker: str
    model_sha256: str
    data: list[str]
    commit: str | None
    frames: int
    rows: list[Row]

    def as_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return asdict(self)


def evaluate(
    speaker: Speaker,
    beside: list[Speaker],
    test_set: EvaluationSet,
    data: list[str],
    work: Path,
    tracker: LandmarkTracker,
    device: str,
    progress: Progress,
) -> Evaluation:
    """Score the speaker, other bundles `beside` it and the baselines on the same frames."""
    for other in beside:
        _same_space(speaker, other)
    methods = [
        *(speaker_method(bundle, test_set, device) for bundle in (speaker, *beside)),
        *baselines(speaker, test_set, work, device),
    ]
    perceptual = perceptual_distance()

    def seen(name: str, frames: Iterator[NDArray[np.uint8]]) -> Measurements:
        return measure(
            frames, test_set, tracker, lambda done: progress(name, done, len(test_set.rows))
        )

    judged = _sync_judge(speaker, test_set, work)
    true = seen(TRUTH, (np.array(test_set.tracked.frames[row]) for row in test_set.rows))
    rows = [Row(TRUTH, judged(true, compare(true, true, test_set, perceptual)))]
    for method in methods:
        made = seen(method.name, composite_frames(method, test_set))
        rows.append(Row(method.name, judged(made, compare(true, made, test_set, perceptual))))
    for index, bundle in enumerate((speaker, *beside), start=1):
        rows[index] = replace(
            rows[index],
            model_bytes=(bundle.folder / MODEL).stat().st_size,
            frame_ms=frame_time(bundle, device) * 1000,
        )
    return Evaluation(
        speaker=speaker.name,
        model_sha256=next(f.sha256 for f in speaker.card.files if f.name == MODEL),
        data=data,
        commit=_commit(),
        frames=len(test_set.rows),
        rows=rows,
    )


def _sync_judge(
    speaker: Speaker, test_set: EvaluationSet, work: Path
) -> Callable[[Measurements, Scores], Scores]:
    """Adds what the sync expert of the training says, if there is one."""
    encoder = speaker.networks.encoder
    expert = load_expert(work, encoder.config.spoken)
    if expert is None:
        return lambda _watched, scores: scores
    features = torch.cat(speech_features(encoder, test_set.tracked))[:, : encoder.config.spoken]

    def judged(measured: Measurements, scores: Scores) -> Scores:
        found = sync_score(expert, measured.mouths, test_set.rows, features, test_set.tracked.clip)
        return replace(scores, sync_confidence=found.confidence, sync_lag_ms=found.lag_ms)

    return judged


def face_scale(test_set: EvaluationSet) -> int:
    """How many times the tracker enlarges pictures, from the width of the face in them."""
    landmarks = test_set.tracked.landmarks[test_set.rows]
    return enlargement(float(np.median(np.ptp(landmarks[..., 0], axis=1))))


def frame_time(speaker: Speaker, device: str) -> float:
    """Mean seconds from a chunk of sound to the finished frame, on one thread."""
    pipeline = Pipeline(speaker, device)
    stream = pipeline.open()
    chunk = np.random.default_rng(0).normal(0, 0.1, SAMPLES_PER_FRAME).astype(np.float32)
    for _ in range(TIMED_FRAMES // 5):
        pipeline.step([stream], [chunk])
    begun = time.perf_counter()
    for _ in range(TIMED_FRAMES):
        pipeline.step([stream], [chunk])
    return (time.perf_counter() - begun) / TIMED_FRAMES


def _same_space(speaker: Speaker, other: Speaker) -> None:
    here, there = speaker.card, other.card
    if (here.size, here.lip_box, here.camera, here.canonical_pose) != (
        there.size, there.lip_box, there.camera, there.canonical_pose,
    ):  # fmt: skip
        raise AvatarError(
            f"{other.name!r} was trained on another track than {speaker.name!r}, "
            "so the two cannot be judged on the same frames; train it in the same work folder"
        )


def _commit() -> str | None:
    """The commit of the source tree, if this runs from one."""
    here = Path(__file__).parents[2]
    try:
        found = subprocess.run(
            ["git", "-C", str(here), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()
