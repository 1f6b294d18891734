"""Smiles and raised brows found in a made video, and learned so that they can be put on."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from avatar.audio import SAMPLES_PER_FRAME
from avatar.evaluation.test_set import training_track
from avatar.i420 import to_i420, to_rgb
from avatar.models.warp import Camera
from avatar.rendering.expression_warp import ExpressionWarp
from avatar.rendering.head_angles import turned
from avatar.speakers.canonical import Canonical
from avatar.speakers.speaker import load_speaker
from avatar.training.expression_strength import find_strengths
from avatar.training.expressions import LearnedExpressions, learn_expressions
from avatar.training.preprocess.landmark_sets import (
    BROWS,
    CHIN,
    FACE_OVAL,
    INNER_LIPS,
    LEFT_EYE_RIM,
    LEFT_MOUTH_CORNER,
    LIPS,
    LOWER_INNER_LIP,
    LOWER_LIP,
    RIGHT_EYE_RIM,
    RIGHT_MOUTH_CORNER,
    UPPER_LIP,
)
from avatar.training.preprocess.tracked_video import TrackedVideo

from .made_video import made_video

SIDE, FRAMES = 128, 360
EYE, MOUTH, CORNER = 20.0, (64.0, 92.0), 13.0  # px from the middle; of the lips; of their ends
POSE = torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 8.0])
Curve = NDArray[np.float64]


def canonical() -> Canonical:
    flat = torch.full((SIDE, SIDE), 8.0)
    return Canonical(Camera(300.0, 63.5, 63.5), POSE, flat, (0, 0, 8, 8), torch.ones(8, 8))


def held(*stretches: tuple[int, int]) -> Curve:
    """1 in some stretches of frames, with slopes of six frames."""
    curve = np.zeros(FRAMES)
    for first, last in stretches:
        curve[first:last] = 1
    return np.convolve(np.pad(curve, 3, "edge"), np.ones(7) / 7, "valid")


def spoken() -> tuple[Curve, Curve]:
    """How far the mouth opens, and how far sounds spread it meanwhile: a few frames each."""
    rng = np.random.default_rng(3)
    opened = np.repeat(rng.uniform(0, 1, FRAMES // 6 + 1), 6)[:FRAMES]
    spread = 0.8 * (np.arange(FRAMES) % 18 < 4)
    silent = np.arange(FRAMES) % 60 < 24
    return np.where(silent, 0, opened), np.where(silent, 0, spread)


def bump(at: NDArray[np.float64], x: float, y: float, radius: float) -> NDArray[np.float64]:
    near = np.exp(-((at[..., 0] - x) ** 2 + (at[..., 1] - y) ** 2) / (2 * radius**2))
    return np.asarray(near[..., None])


def smile(at: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far a full smile moves points (..., 2)."""
    ends = [bump(at, MOUTH[0] + side * CORNER, MOUTH[1], 8) for side in (-1, 1)]
    return np.asarray(4 * (ends[1] * [1, -0.8] + ends[0] * [-1, -0.8]))


def brows(at: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(sum(bump(at, 64 + side * EYE, 34, 9) * [0, -4] for side in (-1, 1)))


def face() -> NDArray[np.float64]:
    """Landmarks (478, 2) at rest."""

    def ring(count: int, x: float, y: float, wide: float, high: float) -> NDArray[np.float64]:
        angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
        return np.column_stack([x + wide * np.cos(angle), y + high * np.sin(angle)])

    rng = np.random.default_rng(1)
    points = np.array([64, 66]) + rng.uniform(-1, 1, (478, 2)) * [34, 44]
    points[FACE_OVAL] = ring(len(FACE_OVAL), 64, 66, 44, 56)
    points[LIPS] = ring(len(LIPS), *MOUTH, CORNER - 1, 4)
    points[INNER_LIPS] = ring(len(INNER_LIPS), *MOUTH, CORNER - 3, 1)
    for rim, side in ((RIGHT_EYE_RIM, -1), (LEFT_EYE_RIM, 1)):
        points[rim] = ring(len(rim), 64 + side * EYE, 48, 8, 3)
    points[BROWS] = np.column_stack([np.r_[36:53:5j, 76:93:5j], np.full(10, 34)])
    points[[RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER]] = [
        (MOUTH[0] + side * CORNER, MOUTH[1]) for side in (-1, 1)
    ]
    points[[UPPER_LIP, LOWER_LIP, CHIN]] = [(64, 87), (64, 97), (64, 120)]
    return points


def filmed(folder: Path, smiling: Curve, raised: Curve) -> TrackedVideo:
    """A face with a random skin that smiles and raises its brows while it speaks."""
    opened, spread = spoken()
    rng = np.random.default_rng(2)
    skin = cv2.GaussianBlur(rng.uniform(0, 255, (SIDE, SIDE, 3)), (0, 0), 1.5)
    skin = (150 + 2.5 * (skin - skin.mean())).astype(np.float32)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    own = np.dstack([columns, rows]).astype(float)
    rest = face()
    smiles, raises, brighter = smile(own), brows(own), 20 * bump(own, 64, 78, 6)
    frames, landmarks = [], []
    for frame in range(FRAMES):
        wide, high = max(smiling[frame], spread[frame]), raised[frame]
        at = (own - wide * smiles - high * raises).astype(np.float32)
        picture = cv2.remap(skin, at, np.empty(0, np.float32), cv2.INTER_CUBIC)
        picture += (smiling[frame] * brighter).astype(np.float32)
        frames.append(picture.clip(0, 255).round().astype(np.uint8))
        points = rest + wide * smile(rest) + high * brows(rest)
        points[[*LOWER_INNER_LIP, LOWER_LIP, CHIN], 1] += 6 * opened[frame]
        landmarks.append(points + rng.normal(0, 0.2, points.shape))
    return replace(
        made_video(folder),
        frames=np.stack(frames),
        landmarks=np.stack(landmarks).astype(np.float32),
        poses=POSE.expand(FRAMES, -1).numpy(),
        usable=np.ones(FRAMES, bool),
        clip=np.zeros(FRAMES, np.int32),
        aperture=(0.15 * opened).astype(np.float32),
    )


SMILING, RAISED = held((70, 110), (200, 240)), held((130, 160), (300, 330))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> TrackedVideo:
    return filmed(tmp_path_factory.mktemp("smiling"), SMILING, RAISED)


@pytest.fixture(scope="module")
def learned(video: TrackedVideo) -> LearnedExpressions:
    return learn_expressions(video, canonical())


def test_what_is_held_is_found_with_its_strength(learned: LearnedExpressions) -> None:
    for name, truth in (("smile", SMILING), ("brows", RAISED)):
        found = learned.found[name]  # type: ignore[index]
        print(name, found.finding)
        assert np.corrcoef(found.strength, truth)[0, 1] > 0.95
        assert abs(float(found.finding.split("s,")[0]) - (truth > 0.5).sum() / 25) < 0.5
    assert learned.plain_lips[SMILING == 0].all()
    assert not learned.plain_lips[SMILING == 1].any()


def test_sounds_that_spread_the_lips_are_no_smile(tmp_path: Path) -> None:
    speaking = learn_expressions(filmed(tmp_path, np.zeros(FRAMES), RAISED), canonical())
    assert list(speaking.expressions) == ["brows"]
    assert speaking.found["smile"].finding.startswith("none: 0.0 s of at least")
    assert speaking.plain_lips.all()


def test_a_pose_that_turns_with_the_face_does_not_hide_what_the_face_shows() -> None:
    """A pose fitted to a face whose brows rise turns by degrees: seen on a rendered head."""
    rng = np.random.default_rng(4)
    rest, raised = face(), held((130, 160))
    points = rest + 0.7 * raised[:, None, None] * brows(rest)
    points = points + rng.normal(0, 0.2, points.shape)
    sways = np.column_stack([2 * np.sin(np.arange(FRAMES) / slow) for slow in (9, 14, 23)])
    turns = sways + raised[:, None] * [-3, 0.5, 0.5]
    poses = torch.stack([turned(POSE, turn) for turn in turns.tolist()])
    found = find_strengths(
        points, poses, np.ones(FRAMES, bool), np.zeros(FRAMES, np.int32), spoken()[0], canonical()
    )["brows"]
    print(found.finding)
    assert np.corrcoef(found.strength, raised)[0, 1] > 0.9


def test_what_is_never_shown_by_itself_is_not_taken_apart(tmp_path: Path) -> None:
    mixed = learn_expressions(filmed(tmp_path, SMILING, SMILING), canonical())
    assert mixed.expressions == {}
    assert {one.finding for one in mixed.found.values()} == {"none: it is never shown by itself"}


@pytest.mark.parametrize(("name", "shows"), [("smile", 90), ("brows", 140)])
def test_a_neutral_frame_that_is_made_to_smile_looks_as_the_true_one(
    video: TrackedVideo, learned: LearnedExpressions, name: str, shows: int
) -> None:
    warp = ExpressionWarp(learned.expressions, canonical(), POSE[None])
    neutral, true = video.frames[10], video.frames[shows]
    picture = to_i420(neutral)
    warp.show(picture, 0, {name: 1.0})  # type: ignore[dict-item]
    made, before = psnr(to_rgb(picture), true), psnr(neutral, true)
    print(name, round(made, 1), "dB instead of", round(before, 1))
    assert made > before + 4


def psnr(made: NDArray[np.uint8], true: NDArray[np.uint8]) -> float:
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(float) for image in (made, true)]
    return float(10 * np.log10(255**2 / ((grey[0] - grey[1]) ** 2).mean()))


def test_smiles_that_were_left_out_of_training_are_not_judged(
    video: TrackedVideo, tmp_path: Path
) -> None:
    folder = tmp_path / "track"
    folder.mkdir()
    np.save(folder / "frames.npy", video.frames)
    np.save(folder / "sound.npy", np.zeros(FRAMES * SAMPLES_PER_FRAME, np.float32))
    video.save(folder)
    demo = load_speaker("demo")
    card = replace(demo.card, size=video.size, lip_box=video.lip_box)
    speaker = replace(demo, card=card, canonical=canonical())
    assert training_track(tmp_path, speaker).usable.all()
    smiler = replace(speaker, card=replace(card, expressions=("smile",)))
    usable = training_track(tmp_path, smiler).usable
    assert not usable[SMILING == 1].any()
    assert usable[SMILING == 0].all()
