"""The frames a speaker is judged on: true, tracked in the speaker's own canonical space."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.audio import SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.models.speech_encoder import SpeechEncoder
from avatar.rendering.compose import observed_boxes, region_size
from avatar.rendering.speech_features import features_of
from avatar.speakers.canonical import Canonical
from avatar.speakers.speaker import Speaker
from avatar.training.clips import clip_ranges
from avatar.training.expressions import learn_expressions
from avatar.training.lip_data import split
from avatar.training.preprocess import TrackedVideo, track_with
from avatar.training.preprocess.progress import Progress

EVEN = 2  # the judged rectangle's sides are multiples of this


@dataclass(frozen=True)
class EvaluationSet:
    """Frames `rows` of a tracked video, and the rectangle round the lips that is judged."""

    tracked: TrackedVideo
    canonical: Canonical  # the view in which mouths are compared
    rows: NDArray[np.intp]
    origins: NDArray[np.intp]  # (F, 2) x, y of the rectangle in each frame
    size: tuple[int, int]  # its height and width

    @property
    def clip(self) -> NDArray[np.int32]:
        """Clip number of each row."""
        return self.tracked.clip[self.rows]

    def lip_slice(self, row: int) -> tuple[slice, slice]:
        """The judged rectangle of a frame."""
        x, y = self.origins[row]
        return slice(y, y + self.size[0]), slice(x, x + self.size[1])


def training_track(work: Path, speaker: Speaker) -> TrackedVideo:
    """The tracked training video in a training's work folder; it must be this speaker's.

    Frames that smile are not usable where the training left them out.
    """
    tracked = TrackedVideo.load(work / "track")
    if tracked.size != speaker.card.size or tracked.lip_box != speaker.card.lip_box:
        raise AvatarError(f"{work} is not the work folder that {speaker.name!r} was trained in")
    if "smile" not in speaker.card.expressions:
        return tracked
    plain = learn_expressions(tracked, speaker.canonical).plain_lips
    return replace(tracked, usable=tracked.usable & plain)


def set_of_videos(
    speaker: Speaker,
    work: Path,
    videos: list[Path],
    progress: Progress,
    audio_track: int | None = None,
) -> EvaluationSet:
    """New videos of the speaker, tracked into the canonical space of the training."""
    name = hashlib.sha256("\n".join(str(v.resolve()) for v in videos).encode()).hexdigest()[:12]
    trained = training_track(work, speaker)
    folder = work / "evaluation" / name
    tracked = track_with(trained, videos, folder, progress, audio_track=audio_track)
    return _judged(speaker, tracked, np.flatnonzero(tracked.usable))


def held_out_set(speaker: Speaker, work: Path) -> EvaluationSet:
    """The end of the training videos, which the training left out."""
    share = speaker.card.training.held_out
    tracked = training_track(work, speaker)
    held = split(tracked.usable, share)[1].numpy()
    if not len(held):
        raise AvatarError(f"{speaker.name!r} was trained without a held-out part; give a video")
    return _judged(speaker, tracked, held)


def clip_sounds(tracked: TrackedVideo) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Frames and sound of each clip."""
    for start, stop in clip_ranges(tracked.clip):
        yield (
            slice(start, stop),
            tracked.sound[start * SAMPLES_PER_FRAME : stop * SAMPLES_PER_FRAME],
        )


def speech_features(encoder: SpeechEncoder, tracked: TrackedVideo) -> list[Tensor]:
    """Speech features (frames, D) of each clip, each heard by itself."""
    return [torch.from_numpy(features_of(encoder, sound)) for _, sound in clip_sounds(tracked)]


def _judged(speaker: Speaker, tracked: TrackedVideo, rows: NDArray[np.intp]) -> EvaluationSet:
    boxes = observed_boxes(torch.from_numpy(tracked.poses), speaker.canonical)
    frame = speaker.canonical.frame_size
    height, width = region_size(boxes[torch.from_numpy(rows)], EVEN, frame)
    centres = ((boxes[:, :2] + boxes[:, 2:]) / 2).numpy()
    origins = np.round(centres - [width / 2, height / 2]).astype(np.intp)
    origins = origins.clip(0, [frame[1] - width, frame[0] - height])
    return EvaluationSet(tracked, speaker.canonical, rows, origins, (height, width))
