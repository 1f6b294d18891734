"""Mouths of a test set as judges of lips see them: the true ones, the speaker's, the baselines'.

All are cut where the true video's landmarks say that the mouth is.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.errors import AvatarError
from avatar.evaluation.baselines import Method, baselines, speaker_method
from avatar.evaluation.composites import composite_frames
from avatar.evaluation.test_set import EvaluationSet
from avatar.speakers.speaker import Speaker
from avatar.training.clips import clip_ranges
from avatar.training.lip_reading.mouth_crops import Crops, mouth_crop, mouth_placement

TRUE_LIPS = "true lips"

Progress = Callable[[str, int, int], None]


def mouths_of_methods(
    speaker: Speaker,
    beside: Sequence[Speaker],
    test_set: EvaluationSet,
    work: Path,
    device: str,
    progress: Progress,
) -> dict[str, list[Crops]]:
    """The mouths (F, *CROP) of every clip, by method; the true ones first."""
    tracked = test_set.tracked
    places = np.concatenate([_placement(test_set, *ends) for ends in clip_ranges(tracked.clip)])
    true = np.stack([mouth_crop(f, at) for f, at in zip(tracked.frames, places, strict=True)])
    methods = [
        *(speaker_method(bundle, test_set, device) for bundle in (speaker, *beside)),
        *baselines(speaker, test_set, work, device),
    ]
    found = {TRUE_LIPS: true} | {
        method.name: _made(method, test_set, true, places, progress) for method in methods
    }
    ranges = clip_ranges(tracked.clip)
    return {name: [rows[a:b] for a, b in ranges] for name, rows in found.items()}


def _placement(test_set: EvaluationSet, start: int, stop: int) -> NDArray[np.float32]:
    tracked, usable = test_set.tracked, test_set.tracked.usable[start:stop]
    if not usable.any():
        number = int(tracked.clip[start]) + 1
        raise AvatarError(f"no face can be followed in clip {number} of the videos; leave it out")
    seen = usable[:, None, None]
    return mouth_placement(np.where(seen, tracked.landmarks[start:stop], np.nan))


def _made(
    method: Method,
    test_set: EvaluationSet,
    true: Crops,
    places: NDArray[np.float32],
    progress: Progress,
) -> Crops:
    """Frames that were not followed keep the true mouth."""
    mouths, frames = true.copy(), composite_frames(method, test_set)
    for done, (row, frame) in enumerate(zip(test_set.rows, frames, strict=True), start=1):
        mouths[row] = mouth_crop(frame, places[row])
        progress(method.name, done, len(test_set.rows))
    return mouths
