"""What is read from a peer's notes (arrival, media seconds, level)."""

from typing import Any

import numpy as np

Notes = list[tuple[float, float, float]]


def halfway(notes: Notes) -> float:
    """The level between low and high, whichever of the two is the more frequent."""
    return float(np.mean(np.percentile([level for *_, level in notes], [10, 90])))


def onsets(notes: Notes, threshold: float) -> Any:
    """Media times at which the level rises."""
    loud = np.array([level > threshold for *_, level in notes])
    media = np.array([media for _, media, _ in notes])
    return media[1:][loud[1:] & ~loud[:-1]]
