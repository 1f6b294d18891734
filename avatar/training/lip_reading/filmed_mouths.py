"""The mouth in the frames of one clip: tracked, and cut out."""

from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.errors import AvatarError
from avatar.training.lip_reading.mouth_crops import Crops, mouth_crop, mouth_placement
from avatar.training.preprocess.landmark_tracker import (
    MediaPipeFaceMesh,
    enlargement,
    track_clips,
)

LOST = 0.2  # share of frames without a face that a clip may have


def mouths_of_frames(
    frames: NDArray[np.uint8], video: Path, every: int = 1
) -> tuple[Crops, NDArray[np.float32]]:
    """Mouths (F, *CROP) of frames (F, H, W, 3), and landmarks (F / every, 478, 3).

    The face is looked for in `every` so-manieth frame.  Raises AvatarError, which names the
    `video`, where there is none to follow.
    """
    found = _landmarks(frames[::every])
    lost = float(np.isnan(found[:, 0, 0]).mean())
    if lost > LOST:
        raise AvatarError(f"{video}: no face in {lost:.0%} of its frames")
    landmarks = np.full((len(frames), *found.shape[1:]), np.nan, np.float32)
    landmarks[::every] = found
    return np.stack([*map(mouth_crop, frames, mouth_placement(landmarks))]), found


def _landmarks(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    with closing(MediaPipeFaceMesh()) as tracker:  # as the frames are, to know the face's size
        tracker.start()
        found = tracker.track(frames[0])
    width = 1.0 if found is None else float(np.ptp(found[:, 0]))
    with closing(MediaPipeFaceMesh(enlargement(width))) as tracker:
        return track_clips(tracker, frames, np.zeros(len(frames), np.int32), lambda _: None)
