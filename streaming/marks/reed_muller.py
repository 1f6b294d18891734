"""First-order Reed-Muller code RM(1, 7): a byte as 128 chips of +-1, decoded softly.

The 256 code words are the rows of a Hadamard matrix and their negatives, so how well each of them
matches 128 measured values is one product with that matrix.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

CHIPS = 128  # a code word
LIKELY = 2  # bytes tried for each code word

Floats = NDArray[np.float32]


def _hadamard(order: int) -> Floats:
    """Sylvester's construction."""
    rows = np.ones((1, 1), np.float32)
    while len(rows) < order:
        rows = np.block([[rows, rows], [rows, -rows]])
    return rows


_ROWS = _hadamard(CHIPS)


def encode(data: bytes) -> Floats:
    """N bytes -> (N, 128) chips of +-1; the highest bit is the sign."""
    values = np.frombuffer(data, np.uint8)
    signs = np.where(values < CHIPS, 1, -1).astype(np.float32)
    words: Floats = _ROWS[values % CHIPS] * signs[:, None]
    return words


def decode(chips: Floats) -> Iterator[bytes]:
    """(N, 128) measured chips -> N bytes, all combinations of the likeliest, the best first."""
    match: Floats = chips @ _ROWS
    matches = np.concatenate([match, -match], axis=1)  # (N, 256), by byte
    likely = np.argsort(-matches, axis=1)[:, :LIKELY]
    rows = np.arange(len(chips))
    choices = (likely[rows, choice] for choice in product(range(LIKELY), repeat=len(chips)))
    for values in sorted(choices, key=lambda one: -float(matches[rows, one].sum())):
        yield values.astype(np.uint8).tobytes()
