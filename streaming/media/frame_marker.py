"""A block code burnt into pictures, so that a measurement can read from the screen what it shows.

One row of 32 cells along the lower edge, dark 0, bright 1, highest bit first: 20 bits frame number,
10 bits place of a sound's onset within the frame plus one (0: none; 1023: this is the first frame
without the sound), 2 bits checksum.
"""

from collections import deque

import numpy as np

from streaming.render.renderer import I420, Chunk

CELLS = 32
NUMBER_BITS = 20
ONSET_BITS = 10
CHECK_BITS = 2
DARK, BRIGHT = 32, 220  # luma, far enough apart to survive VP8 at any rate
ENDED = (1 << ONSET_BITS) - 1  # instead of a place
ONSET_LEVEL = 0.1
QUIET_CHUNKS = 3  # frames without sound that must come before an onset
ONSETS_KEPT = 8  # frames: more than the look-ahead


class FrameMarker:
    """Writes a session's frame numbers and sound onsets into its pictures (measurements only)."""

    def __init__(self) -> None:
        self._onsets: deque[tuple[int, int]] = deque(maxlen=ONSETS_KEPT)
        self._quiet = 0
        self._sounding = False

    def hear(self, number: int, chunk: Chunk) -> None:
        """Note where in the sound beside frame `number` an onset lies, or that sound has ended."""
        loud = np.flatnonzero(np.abs(chunk) > ONSET_LEVEL)
        if len(loud) and self._quiet >= QUIET_CHUNKS:
            self._onsets.append((number, int(loud[0]) + 1))
        elif self._sounding and not len(loud):
            self._onsets.append((number, ENDED))
        self._sounding = bool(len(loud))
        self._quiet = 0 if len(loud) else self._quiet + 1

    def burn(self, number: int, picture: I420) -> I420:
        """A copy of `picture` that carries `number` and the onset within it."""
        onset = next((place for at, place in self._onsets if at == number), 0)
        marked = picture.copy()
        height, width = picture.shape[0] * 2 // 3, picture.shape[1]
        cell = width // CELLS
        row = np.repeat(np.where(encode(number, onset), BRIGHT, DARK), cell)
        marked[height - cell : height, : len(row)] = row
        return marked


def encode(number: int, onset: int) -> list[bool]:
    """The 32 cells for a frame number and an onset (place + 1, 0 or ENDED)."""
    value = (number % (1 << NUMBER_BITS)) << ONSET_BITS | onset
    value = value << CHECK_BITS | value.bit_count() % (1 << CHECK_BITS)
    return [bool(value >> bit & 1) for bit in reversed(range(CELLS))]


def decode(cells: list[bool]) -> tuple[int, int] | None:
    """(frame number, onset) of 32 cells, or None if they are no code."""
    value = sum(int(cell) << bit for cell, bit in zip(cells, reversed(range(CELLS)), strict=True))
    check, value = value % (1 << CHECK_BITS), value >> CHECK_BITS
    if value.bit_count() % (1 << CHECK_BITS) != check:
        return None
    return value >> ONSET_BITS, value % (1 << ONSET_BITS)
