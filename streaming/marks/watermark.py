"""Puts the watermark into pictures: a few luma levels, stronger where texture hides them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from streaming.marks.pattern import KEY, tile
from streaming.marks.payload import Payload

FLAT, BUSY = 0.6, 1.5  # levels (root mean square) in flat and in textured parts
SMALLEST = 64  # pixels a side of a picture that is marked
STRIP = 16  # rows that share one measurement of strength
SAMPLED = 4  # of them
GROUP = 4 * STRIP  # rows measured anew at once; divides the tile's
EVERY = 8  # pictures
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
        marked = picture.copy()
        self.mark(speaker, marked)
        return marked

    def mark(self, speaker: str, picture: I420) -> None:
        """Mark a `picture` of `speaker` in place."""
        payload = Payload.today(speaker)
        if self._watermark is None or payload != self._payload:
            self._payload, self._watermark = payload, Watermark(payload)
        self._watermark.mark(picture)


class Watermark:
    """Marks one stream of pictures; give it each, once.

    The pattern stands still, so that coding between pictures carries it along and nothing flickers.
    Its strength follows the picture part by part.
    """

    def __init__(self, payload: Payload, key: bytes = KEY) -> None:
        self._tile = tile(payload.pack(), key=key)
        self._pattern = self._tile  # (rows of the tile, width)
        self._added = self._taken = np.empty((0, 0), np.uint8)  # levels, (H, W)
        self._dither = DITHER
        self._zero = np.empty((0, 0), np.uint8)
        self._next = 0  # first row of the group that is due
        self._seen = 0  # pictures

    def __call__(self, picture: I420) -> I420:
        """A marked copy of `picture`."""
        marked = picture.copy()
        self.mark(marked)
        return marked

    def mark(self, picture: I420) -> None:
        """Mark `picture` (H * 3 // 2, W) in place; one too small for a mark stays as it is."""
        height = picture.shape[0] * 2 // 3
        if min(height, picture.shape[1]) < SMALLEST:
            return
        luma = picture[:height]
        if self._added.shape != luma.shape:
            self._begin(luma)
        elif self._seen % EVERY == 0:
            self._adapt(luma, self._next)
            self._next = (self._next + GROUP) % (-(-height // GROUP) * GROUP)
        self._seen += 1
        cv2.add(luma, self._added, dst=luma)
        cv2.subtract(luma, self._taken, dst=luma)

    def _begin(self, luma: NDArray[np.uint8]) -> None:
        width = luma.shape[1]
        repeats = -(-width // self._tile.shape[1])
        self._pattern = np.ascontiguousarray(np.tile(self._tile, (1, repeats))[:, :width])
        self._dither = np.tile(DITHER, (GROUP // len(DITHER), -(-width // len(DITHER))))[:, :width]
        self._zero = np.full((GROUP, width), ZERO, np.uint8)
        self._added, self._taken = np.zeros_like(luma), np.zeros_like(luma)
        for top in range(0, luma.shape[0], GROUP):
            self._adapt(luma, top)

    def _adapt(self, luma: NDArray[np.uint8], top: int) -> None:
        """Set the strength of the group at `top` by how sampled rows vary along themselves."""
        group = luma[top : top + GROUP]
        rows, width = group.shape
        sampled = group[:: STRIP // SAMPLED]
        variation = cv2.absdiff(sampled[:, REACH:], sampled[:, :-REACH])
        places = max(1, width // PLACE), -(-rows // STRIP)
        busy = cv2.resize(variation, places, interpolation=cv2.INTER_AREA).astype(np.float32)
        textured = cv2.erode(busy, np.ones((1, 3), np.uint8))  # an edge alone hides nothing
        share = np.clip(cv2.blur(textured, (3, 1)) / BUSY_VARIATION, 0, 1)
        strength = cv2.resize(FLAT + (BUSY - FLAT) * share, (width, rows))
        row = top % len(self._pattern)
        mark = self._pattern[row : row + rows] * strength
        mark += self._dither[:rows]
        levels, zero = mark.astype(np.uint8), self._zero[:rows]
        cv2.subtract(levels, zero, dst=self._added[top : top + rows])  # cv2 ends at 0
        cv2.subtract(zero, levels, dst=self._taken[top : top + rows])
