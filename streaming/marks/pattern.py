"""The watermark's pattern: a square tile of noise-like cells that repeats over the picture.

Direct-sequence spread spectrum: 256 of the tile's 1024 cells are known to whoever has the key, so
that the tile can be found wherever it is; 768 carry the payload. Chips are scattered over the tile
and whitened by signs that follow from the key. A cell is six pixels of the picture as it leaves:
coarse enough to outlive video coding and scaling down by two, fine enough that the content of
pictures, which lies at low frequencies, hides little of it.
"""

import hashlib
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from streaming.marks import reed_muller
from streaming.marks.payload import LENGTH

KEY = b"speech2lip-live watermark 1"  # published: whoever wants to look for the mark can
CELL = 6  # pixels
CELLS = 32  # a side of the tile
CHIPS = CELLS * CELLS
SYNC = CHIPS - LENGTH * reed_muller.CHIPS  # chips that are always the same
PULSE = 0.25  # cells: the blur that gives a cell its shape
LOW_CUT = 0.7  # cells: what is coarser is left out, as it would be seen and lost among content

Floats = NDArray[np.float32]


def another_key(number: int) -> bytes:
    """One that no picture is marked with."""
    return b"another key %d" % number


def tile(payload: bytes, cell: int = CELL, key: bytes = KEY) -> Floats:
    """(32 cell, 32 cell) of zero mean whose root mean square is 1."""
    pattern = shaped(_cells(reed_muller.encode(payload).ravel(), key), cell)
    return pattern / np.float32(np.sqrt(np.mean(pattern**2)))


def sync_cells(key: bytes = KEY) -> Floats:
    """(32, 32): the cells known beforehand, +-1, among zeros."""
    return _cells(np.zeros(CHIPS - SYNC, np.float32), key)


def shaped(cells: Floats, cell: int) -> Floats:
    """Values of cells (32, 32) -> (32 cell, 32 cell) as they look in a picture."""
    squares = np.kron(cells, np.ones((cell, cell), np.float32))
    around = np.pad(squares, cell * CELLS // 2, mode="wrap")
    bands = np.asarray(cv2.GaussianBlur(around, (0, 0), PULSE * cell), np.float32)
    bands -= cv2.GaussianBlur(around, (0, 0), LOW_CUT * cell)
    half = cell * CELLS // 2
    return bands[half:-half, half:-half]


def chips_of(cells: Floats, key: bytes = KEY) -> Floats:
    """Values (32, 32) measured in a tile's cells -> (1024,) chips: SYNC, then the payload's."""
    place, sign = _spreading(key)
    return cells.reshape(-1)[place] * sign


def _cells(words: Floats, key: bytes) -> Floats:
    """The payload's chips (768,) and those that are always the same, each in its place."""
    place, sign = _spreading(key)
    chips = np.empty(CHIPS, np.float32)
    chips[place] = np.concatenate([np.ones(SYNC, np.float32), words]) * sign
    return chips.reshape(CELLS, CELLS)


@cache
def _spreading(key: bytes) -> tuple[NDArray[np.intp], Floats]:
    """Where each chip stands, and its sign."""
    numbers = np.frombuffer(hashlib.shake_256(key + b" place").digest(8 * CHIPS), "<u8")
    bits = np.unpackbits(np.frombuffer(hashlib.shake_256(key + b" sign").digest(CHIPS // 8), "u1"))
    return np.argsort(numbers, kind="stable"), bits.astype(np.float32) * 2 - 1
