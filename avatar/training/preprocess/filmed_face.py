"""A face in a clip as it was filmed, with its sound beside it: nothing is cropped or turned."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.audio import SAMPLES_PER_FRAME
from avatar.media.recording import Recording
from avatar.training.preprocess.clip_sound import read_voice
from avatar.training.preprocess.landmark_tracker import LANDMARKS, LandmarkTracker
from avatar.training.preprocess.video_reader import Clip, Image, count_picture, read_pictures

LONGEST_SIDE = 720  # px: larger pictures are made smaller before tracking

Filmed = tuple[NDArray[np.float32], NDArray[np.float32]]


def filmed_face(
    recording: Recording, tracker: LandmarkTracker, seen: Callable[[int], None]
) -> Filmed:
    """Sound (640 F,) and landmarks (F, 478, 3) in px of the picture as it is tracked.

    Landmarks are NaN where no face was found. Cuts do not matter here; pictures without sound
    beside them are left out. `seen` hears how many were tracked.
    """
    voice = read_voice(recording)
    clips, points = _watch(recording, tracker, seen)
    sounds = [voice.beside(clip) for clip in clips]
    return np.concatenate(sounds), points[_beside_sound(clips, sounds)]


def small_pictures(recording: Recording) -> Iterator[Image]:
    """Its pictures, none larger than is tracked."""
    for picture in read_pictures(recording):
        yield as_tracked(picture.image)


def _watch(
    recording: Recording, tracker: LandmarkTracker, seen: Callable[[int], None]
) -> tuple[list[Clip], NDArray[np.float32]]:
    tracker.start()
    clips: list[Clip] = []
    points = []
    for picture in read_pictures(recording):
        count_picture(clips, picture)
        found = tracker.track(as_tracked(picture.image))
        points.append(np.full((LANDMARKS, 3), np.nan, np.float32) if found is None else found)
        seen(len(points))
    return clips, np.stack(points)


def as_tracked(image: Image) -> Image:
    """A picture no larger than is tracked."""
    shrink = min(1.0, LONGEST_SIDE / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _beside_sound(clips: list[Clip], sounds: list[NDArray[np.float32]]) -> NDArray[np.bool_]:
    """Which of the pictures (F,) have sound beside them."""
    return np.concatenate(
        [
            np.arange(clip.frames) < len(sound) // SAMPLES_PER_FRAME
            for clip, sound in zip(clips, sounds, strict=True)
        ]
    )
