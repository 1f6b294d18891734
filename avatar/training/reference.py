"""The looping reference video: whose head, eyes and body are shown while the lips are drawn."""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.audio import FPS
from avatar.errors import AvatarError
from avatar.training.blinks import eye_openness
from avatar.training.preprocess import TrackedVideo, track_with
from avatar.training.preprocess.canonical_frame import eye_opening
from avatar.training.preprocess.geometry import Array, project
from avatar.training.preprocess.progress import Progress, silent

THUMB = 32  # px: pictures are compared at this size
WORST_SEAM = 3.0  # medians of the change between neighbouring frames
STILL = 0.3  # px a frame: a head that moves less counts as moving so much
SHORTEST = 2.0  # s
LENGTHS = (0.6, 1.5)  # of the wanted seconds
OPEN_MOUTH, BUSY, EXPRESSIVE, SHORT = 8.0, 0.5, 4.0, 0.5  # what a stretch is marked down for
BLINK = 0.6  # of the usual opening: eyes narrower than this are shut
SEAM_COST = 0.4


@dataclass(frozen=True)
class _Look:
    """What loops are judged by, for every frame: thumbnail (F, D), head place (F, 2) px, cost."""

    thumbs: NDArray[np.float32]
    head: Array
    cost: Array
    usable: NDArray[np.bool_]
    clip: NDArray[np.int32]

    def seam(self, last: Array, first: Array) -> Array:
        """Change from frame `last` to frame `first`, in medians of the usual change."""
        look = np.abs(self.thumbs[last] - self.thumbs[first]).mean(-1)
        move = np.linalg.norm(self.head[last] - self.head[first], axis=-1)
        return np.asarray(np.maximum(look / self._usual_look, move / self._usual_move))

    @property
    def _neighbours(self) -> Array:
        first = np.flatnonzero((self.clip[1:] == self.clip[:-1]) & self.usable[1:])
        return first if len(first) else np.zeros(1, np.intp)

    @property
    def _usual_look(self) -> float:
        at = self._neighbours
        change = np.abs(self.thumbs[at + 1] - self.thumbs[at]).mean(-1)
        return max(float(np.median(change)), 1e-3)

    @property
    def _usual_move(self) -> float:
        at = self._neighbours
        return max(float(np.median(np.linalg.norm(np.diff(self.head, axis=0)[at], axis=1))), STILL)


def choose_reference(
    tracked: TrackedVideo, seconds: float = 10.0, expressive: Array | float = 0.0
) -> list[int]:
    """Frames of the calmest stretch that closes to a loop, in the order in which they are shown.

    `expressive` (F,): how strongly each frame smiles, or whatever it shows, 0..1.

    The last frame is followed by the first; the change there is at most three times the median
    change between neighbours.  Where no stretch closes, the calmest runs forth and back.
    """
    look = _look(tracked)
    return _choose(replace(look, cost=look.cost + EXPRESSIVE * expressive), seconds)


def track_reference(
    video: Path, tracked: TrackedVideo, workdir: Path, progress: Progress = silent
) -> tuple[NDArray[np.uint8], NDArray[np.float32], Array]:
    """A silent take of the speaker as the reference: frames (R, H, W, 3), poses (R, 6) and how far
    the eyes are open (R,).

    The take is tracked in the canonical space of `tracked`.  All of it is used if it closes to a
    loop.  Raises AvatarError if less than two seconds of it show the face.
    """
    take = track_with(tracked, [video], workdir, progress, with_sound=False)
    if take.usable.sum() < SHORTEST * FPS:
        raise AvatarError(f"{video} shows the face for less than {SHORTEST:.0f} s: film some more")
    chosen = _choose_whole(_look(take))
    openness = eye_openness(take.landmarks, take.usable)
    return take.frames[chosen], take.poses[chosen], openness[chosen]


def _choose_whole(look: _Look) -> list[int]:
    count = len(look.thumbs)
    if look.usable.all() and look.seam(np.array(count - 1), np.array(0)) <= WORST_SEAM:
        return list(range(count))
    return _choose(look, count / FPS)


def _choose(look: _Look, seconds: float) -> list[int]:
    found = _best_loop(look, seconds)
    if found is not None:
        return list(range(*found))
    first, last = _calmest(look, round(seconds * FPS / 2) + 1)
    return [*range(first, last), *range(last - 2, first, -1)]


def _look(tracked: TrackedVideo) -> _Look:
    poses = tracked.poses.astype(float)
    eyes = eye_opening(tracked.landmarks.astype(float))
    usual = float(np.median(eyes[tracked.usable]))
    aperture = tracked.aperture.astype(float)
    busy = np.abs(np.diff(aperture, prepend=aperture[:1]))
    turn = np.linalg.norm(np.diff(poses[:, :3], axis=0, prepend=poses[:1, :3]), axis=1)
    cost = OPEN_MOUTH * (aperture + busy) + BUSY * np.rad2deg(turn) + (eyes < BLINK * usual)
    return _Look(
        _thumbnails(tracked),
        project(poses[:, 3:], tracked.camera),
        cost,
        tracked.usable,
        tracked.clip,
    )


def _thumbnails(tracked: TrackedVideo) -> NDArray[np.float32]:
    """Small pictures without the lips, which are drawn anew anyway: (F, D) grey levels."""
    x0, y0, x1, y1 = tracked.lip_box
    mask = np.ones(tracked.frames.shape[1:3], np.float32)
    mask[y0:y1, x0:x1] = 0
    small = cv2.resize(mask, (THUMB, THUMB), interpolation=cv2.INTER_AREA) > 0.5
    return np.stack(
        [
            cv2.cvtColor(
                cv2.resize(frame, (THUMB, THUMB), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY
            )[small].astype(np.float32)
            for frame in tracked.frames
        ]
    )


def _best_loop(look: _Look, seconds: float) -> tuple[int, int] | None:
    """Frames [first, last) of the best stretch with a seam, or None."""
    wanted = seconds * FPS
    lengths = range(
        max(round(LENGTHS[0] * wanted), round(SHORTEST * FPS)),
        min(round(LENGTHS[1] * wanted), len(look.thumbs)) + 1,
    )
    best: tuple[float, int, int] | None = None
    for length in lengths:
        first = _whole_stretches(look, length)
        if not len(first):
            continue
        seam = look.seam(first + length - 1, first)
        mark = _mean_cost(look, length)[first] + SEAM_COST * np.maximum(seam - 1, 0)
        mark += SHORT * abs(length / wanted - 1)
        mark[seam > WORST_SEAM] = np.inf
        at = int(np.argmin(mark))
        if np.isfinite(mark[at]) and (best is None or mark[at] < best[0]):
            best = float(mark[at]), int(first[at]), int(first[at]) + length
    return best[1:] if best else None


def _calmest(look: _Look, length: int) -> tuple[int, int]:
    """The calmest stretch of this length, or else the longest there is."""
    while length > 2:
        first = _whole_stretches(look, length)
        if len(first):
            at = int(first[np.argmin(_mean_cost(look, length)[first])])
            return at, at + length
        length = max(2, length * 9 // 10)
    raise AvatarError("no two frames in a row show the face: give a video that shows it throughout")


def _whole_stretches(look: _Look, length: int) -> NDArray[np.intp]:
    """Starts of stretches of this length inside one clip in which every frame is usable."""
    count = len(look.thumbs) - length + 1
    if count < 1:
        return np.zeros(0, np.intp)
    lost = np.r_[0, np.cumsum(~look.usable)]
    whole = (lost[length:] == lost[:-length]) & (look.clip[length - 1 :] == look.clip[:count])
    return np.flatnonzero(whole)


def _mean_cost(look: _Look, length: int) -> Array:
    total = np.r_[0, np.cumsum(look.cost)]
    return np.asarray((total[length:] - total[:-length]) / length)
