"""Where the head is in the source pictures: one fixed square for all videos of one size."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from avatar.audio import FPS
from avatar.errors import AvatarError
from avatar.media.orientation import fitting
from avatar.media.recording import Recording
from avatar.training.preprocess.face_detector import FaceDetector
from avatar.training.preprocess.video_reader import (
    Clip,
    Image,
    count_picture,
    read_pictures,
)

CROP_SIDE = 512  # px
SIDE_STEP = 16  # sides are multiples of this
LOOK_EVERY = 5  # frames between two looks for the face
HEAD_IN_FACES = 3.0  # side of the square holding head, hair and shoulders, in face boxes
BIG_FACE = 0.25  # a second face of at least this share of the first one's area is a person
CROWD_SHARE = 0.1  # of the looks
THUMB = 32  # px
CUT_LEVEL = 2.5  # grey levels by which a thumbnail changes at a cut, at the least
CUT_RATIO = 6.0  # and in medians of the changes of the frames around it
CUT_PEAK = 3.0  # and in changes just before and after it: a quick move takes several frames
CUT_WINDOW = 13  # frames
QUIET_CHANGE = 0.3  # grey levels: noise, under which changes are not compared


@dataclass(frozen=True)
class Crop:
    """A square of the source, scaled to `size` pixels."""

    x: int
    y: int
    side: int
    size: int

    def apply(self, image: Image) -> Image:
        """(H, W, 3) picture of the source's size -> (size, size, 3)."""
        cut = image[self.y : self.y + self.side, self.x : self.x + self.side]
        if self.side == self.size:
            return cut
        return np.asarray(cv2.resize(cut, (self.size, self.size), interpolation=cv2.INTER_AREA))


@dataclass
class Survey:
    """What one look through a video found."""

    path: Path
    size: tuple[int, int] = (0, 0)  # width, height of the largest picture: all are fitted into it
    clips: list[Clip] = field(default_factory=list)
    faces: list[NDArray[np.float64]] = field(default_factory=list)  # (x, y, side) of the centre
    crowded: int = 0

    @property
    def frames(self) -> int:
        """Pictures in all."""
        return sum(clip.frames for clip in self.clips)


def survey(recording: Recording, seen: Callable[[int], None]) -> Survey:
    """Look through a whole video for one face and for cuts.

    Raises AvatarError for no face, several people, or a cut inside.
    """
    result = Survey(recording.path)
    looks: list[tuple[tuple[int, int], NDArray[np.float64]]] = []
    thumbs: list[NDArray[np.float32]] = []
    with FaceDetector() as detector:
        for number, picture in enumerate(read_pictures(recording)):
            image = picture.image
            size = image.shape[1], image.shape[0]
            result.size = max(result.size, size, key=math.prod)
            thumb = cv2.resize(image, (THUMB, THUMB), interpolation=cv2.INTER_AREA)
            thumbs.append(thumb.astype(np.float32))
            if number % LOOK_EVERY == 0:
                looks.append((size, detector.boxes(image)))
            count_picture(result.clips, picture)
            seen(number + 1)
    for size, boxes in looks:
        _look(result, boxes, size)
    _check(result, np.stack(thumbs))
    return result


def _look(result: Survey, boxes: NDArray[np.float64], size: tuple[int, int]) -> None:
    if not len(boxes):
        return
    boxes = boxes[np.argsort(-boxes[:, 2])]
    scale, left, top = fitting(size, result.size)
    result.faces.append(boxes[0] * scale + [left, top, 0])
    result.crowded += int(len(boxes) > 1 and boxes[1, 2] ** 2 > BIG_FACE * boxes[0, 2] ** 2)


def _check(result: Survey, thumbs: NDArray[np.float32]) -> None:
    if not result.faces:
        raise AvatarError(f"no face in {result.path}: give a video that shows the speaker's face")
    if result.crowded > CROWD_SHARE * len(result.faces):
        raise AvatarError(
            f"several people in {result.path}: crop the video to the speaker, or record him alone"
        )
    borders = np.cumsum([0, *(clip.frames for clip in result.clips)])
    for first, end in pairwise(borders.tolist()):
        moment = find_cut(thumbs[first:end])
        if moment is not None:
            raise AvatarError(
                f"{result.path} has a cut at {(first + moment) / FPS:.2f} s: "
                "split it there and give the parts as separate videos"
            )


def find_cut(thumbs: NDArray[np.float32]) -> int | None:
    """First frame of (F, h, w, 3) thumbnails that does not follow from the one before."""
    if len(thumbs) < 3:
        return None
    change = np.abs(np.diff(thumbs, axis=0)).mean(axis=(1, 2, 3))
    usual = np.maximum(median_filter(change, CUT_WINDOW, mode="nearest"), QUIET_CHANGE)
    beside = np.maximum(np.r_[0, change[:-1]], np.r_[change[1:], 0])
    peak = change > np.maximum(CUT_LEVEL, np.maximum(CUT_RATIO * usual, CUT_PEAK * beside))
    jumps = np.flatnonzero(peak)
    return int(jumps[0]) + 1 if len(jumps) else None


def choose_crops(surveys: list[Survey], output: int | None = None) -> dict[tuple[int, int], Crop]:
    """One crop for every source size, all of one output size (the given one, if any)."""
    squares = {}
    for size in {s.size for s in surveys}:
        squares[size] = _square([f for s in surveys if s.size == size for f in s.faces], size)
    if output is None:
        output = min(CROP_SIDE, *(side for _, _, side in squares.values()))
        output -= output % SIDE_STEP
    return {size: _fit(square, size, output) for size, square in squares.items()}


def _square(faces: list[NDArray[np.float64]], size: tuple[int, int]) -> tuple[float, float, int]:
    """Centre and side of the square round the head in all looks at it."""
    if size == (CROP_SIDE, CROP_SIDE):
        return CROP_SIDE / 2, CROP_SIDE / 2, CROP_SIDE
    x, y, side = np.stack(faces).T
    low, high = np.percentile(x, [2, 98]), np.percentile(y, [2, 98])
    reach = HEAD_IN_FACES * float(np.median(side))
    wanted = reach + max(low[1] - low[0], high[1] - high[0])
    return float(low.mean()), float(high.mean()), int(min(wanted, *size))


def _fit(square: tuple[float, float, int], size: tuple[int, int], output: int) -> Crop:
    centre_x, centre_y, side = square
    if side < CROP_SIDE:
        side = output
    x = int(np.clip(round(centre_x - side / 2), 0, size[0] - side))
    y = int(np.clip(round(centre_y - side / 2), 0, size[1] - side))
    return Crop(x, y, side, output)
