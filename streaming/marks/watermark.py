"""Puts the watermark into pictures: a few luma levels, stronger where texture hides them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from streaming.marks.pattern import KEY, tile
from streaming.marks.payload import Payload

FLAT, BUSY = 0.6, 1.5  # levels (root mean square) in flat and in textured parts
SMALLEST = 64  # pixels a side of a picture that is marked
STRIP = 16  # rows whose strength is measured anew at once; divides the tile's
SAMPLED = 4  # of them
REACH = 4  # pixels between those compared
PLACE = 8  # pixels along a row that share one strength
BUSY_VARIATION = 6.0  # mean difference, in levels, at which the mark is at its strongest


ZERO = 64  # stands for no change where levels are unsigned
# Bayer's matrix: cut to whole levels, fractions of a level become shares of the pixels.
DITHER = (
    ZERO
    + (np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) + 0.5)
    / 16
)


I420 = NDArray[np.uint8]  # (H * 3 // 2, W)


class SpeakerWatermark:
    """The watermark of whoever is shown; made anew when that changes, or the day."""

    def __init__(self) -> None:
        self._payload: Payload | None = None
        self._watermark: Watermark | None = None

    def __call__(self, speaker: str, picture: I420) -> I420:
        """A marked copy of a `picture` of `speaker` (a name)."""
        payload = Payload.today(speaker)
        if self._watermark is None or payload != self._payload:
            self._payload, self._watermark = payload, Watermark(payload)
        return self._watermark(picture)


class Watermark:
    """Marks one stream of pictures; call it with each.

    The pattern stands still, so that coding between pictures carries it along and nothing flickers.
    Its strength follows the picture strip by strip, one with every other picture.
    """

    def __init__(self, payload: Payload, key: bytes = KEY) -> None:
        self._tile = tile(payload.pack(), key=key)
        self._pattern = self._tile  # (rows of the tile, width)
        self._added = self._taken = np.empty((0, 0), np.uint8)  # levels, (H, W)
        self._dither = DITHER
        self._zero = np.empty((0, 0), np.uint8)
        self._next = 0  # first row of the strip that is due
        self._resting = False  # whether the last picture took no measurement

    def __call__(self, picture: I420) -> I420:
        """A marked copy of `picture` (H * 3 // 2, W); one too small for a mark as it is."""
        height = picture.shape[0] * 2 // 3
        if min(height, picture.shape[1]) < SMALLEST:
            return picture
        luma = picture[:height]
        if self._added.shape != luma.shape:
            self._begin(luma)
        elif self._resting:
            self._adapt(luma, self._next)
            self._next = (self._next + STRIP) % (-(-height // STRIP) * STRIP)
        self._resting = not self._resting
        marked = np.empty_like(picture)
        marked[height:] = picture[height:]
        cv2.add(luma, self._added, dst=marked[:height])
        cv2.subtract(marked[:height], self._taken, dst=marked[:height])
        return marked

    def _begin(self, luma: NDArray[np.uint8]) -> None:
        width = luma.shape[1]
        repeats = -(-width // self._tile.shape[1])
        self._pattern = np.ascontiguousarray(np.tile(self._tile, (1, repeats))[:, :width])
        self._dither = np.tile(DITHER, (STRIP // len(DITHER), -(-width // len(DITHER))))[:, :width]
        self._zero = np.full((STRIP, width), ZERO, np.uint8)
        self._added, self._taken = np.zeros_like(luma), np.zeros_like(luma)
        for top in range(0, luma.shape[0], STRIP):
            self._adapt(luma, top)

    def _adapt(self, luma: NDArray[np.uint8], top: int) -> None:
        """Set the strength of the strip at `top` by how its sampled rows vary along themselves."""
        strip = luma[top : top + STRIP]
        rows = strip[:: STRIP // SAMPLED]
        variation = cv2.absdiff(rows[:, REACH:], rows[:, :-REACH])
        places = max(1, luma.shape[1] // PLACE), 1
        busy = cv2.resize(variation, places, interpolation=cv2.INTER_AREA).astype(np.float32)
        textured = cv2.erode(busy, np.ones((1, 3), np.uint8))  # an edge alone hides nothing
        share = np.clip(cv2.blur(textured, (3, 1)) / BUSY_VARIATION, 0, 1)
        strength = cv2.resize(FLAT + (BUSY - FLAT) * share, (luma.shape[1], 1))
        row = top % len(self._pattern)
        mark = self._pattern[row : row + len(strip)] * strength
        mark += self._dither[: len(strip)]
        levels, zero = mark.astype(np.uint8), self._zero[: len(strip)]
        cv2.subtract(levels, zero, dst=self._added[top : top + STRIP])  # cv2 ends at 0
        cv2.subtract(zero, levels, dst=self._taken[top : top + STRIP])
