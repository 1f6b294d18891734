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


def tile(payload: bytes | None, cell: int = CELL, key: bytes = KEY) -> Floats:
    """(32 cell, 32 cell) of zero mean; without a payload only the cells known beforehand.

    With a payload its root mean square is 1.
    """
    words = np.zeros(CHIPS - SYNC) if payload is None else reed_muller.encode(payload).ravel()
    place, sign = _spreading(key)
    chips = np.empty(CHIPS, np.float32)
    chips[place] = np.concatenate([np.ones(SYNC), words]) * sign
    squares = np.kron(chips.reshape(CELLS, CELLS), np.ones((cell, cell), np.float32))
    around = np.pad(squares, cell * CELLS // 2, mode="wrap")
    shaped = np.asarray(cv2.GaussianBlur(around, (0, 0), PULSE * cell), np.float32)
    shaped -= cv2.GaussianBlur(around, (0, 0), LOW_CUT * cell)
    half = cell * CELLS // 2
    middle = shaped[half:-half, half:-half]
    return middle / np.float32(np.sqrt(np.mean(middle**2)))


def chips_of(cells: Floats, key: bytes = KEY) -> Floats:
    """Values (32, 32) measured in a tile's cells -> (1024,) chips: SYNC, then the payload's."""
    place, sign = _spreading(key)
    return cells.reshape(-1)[place] * sign


@cache
def _spreading(key: bytes) -> tuple[NDArray[np.intp], Floats]:
    """Where each chip stands, and its sign."""
    numbers = np.frombuffer(hashlib.shake_256(key + b" place").digest(8 * CHIPS), "<u8")
    bits = np.unpackbits(np.frombuffer(hashlib.shake_256(key + b" sign").digest(CHIPS // 8), "u1"))
    return np.argsort(numbers, kind="stable"), bits.astype(np.float32) * 2 - 1
