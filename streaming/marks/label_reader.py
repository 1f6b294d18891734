"""Looks for the visible label: a word for AI, white on black, in the upper right corner.

Template matching by normalised correlation, at every size that the label may have after a video was
scaled, letter-boxed or recorded off a screen.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from streaming.core.mark_settings import WORDS
from streaming.marks.label import draw_label

Luma = NDArray[np.uint8]  # (H, W)

ROWS = 16  # of the label, in pictures made smaller for the comparison
DRAWN = 1024  # shorter side in pixels of the picture whose label is the pattern
LEAST, MOST = 0.018, 0.1  # of the picture's shorter side: the label's height
SMALLEST = 9  # pixels
STEP = 1.08  # from one height to the next
ALIKE = 0.8  # correlation from which it is the label
CONTRAST = 90  # levels between its letters and what is round them, at least
FIRST, EVERY_S, LATER_S = 10, 2.0, 10.0  # so many looks, a stretch apart; then fewer
SHARE = 0.5  # of the looks in which it must be seen


@dataclass
class LabelFinding:
    """What was seen until now."""

    looks: int = 0
    seen: int = 0
    score: float = 0.0
    "The highest correlation."
    begins: float | None = None
    "Seconds into the video at which it was first seen."
    words: Counter[str] = field(default_factory=Counter)

    @property
    def found(self) -> bool:
        return self.seen > 0 and self.seen >= SHARE * self.looks

    @property
    def word(self) -> str:
        """What it says; nothing if there is none."""
        return self.words.most_common(1)[0][0] if self.found else ""


class LabelReader:
    """Give it the pictures of a video, then look at `finding`."""

    def __init__(self) -> None:
        self.finding = LabelFinding()
        self._due = 0.0

    def add(self, time: float, luma: Luma) -> None:
        """The picture (H, W) shown at `time` in seconds; most are passed over."""
        if time < self._due:
            return
        finding = self.finding
        finding.looks += 1
        self._due = time + (EVERY_S if finding.looks < FIRST else LATER_S)
        score, word = find_label(luma)
        finding.score = max(finding.score, score)
        if score < ALIKE:
            return
        finding.seen += 1
        finding.words[word] += 1
        finding.begins = time if finding.begins is None else finding.begins


def find_label(luma: Luma) -> tuple[float, str]:
    """The highest correlation in the upper right quarter of a picture (H, W), and its word."""
    height, width = luma.shape
    side = min(height, width)
    corner = luma[: height // 2, width // 2 :]
    best, best_word = 0.0, ""
    rows = max(SMALLEST, LEAST * side)
    while rows <= MOST * side:
        small = _resized(corner, ROWS / rows)
        for word, pattern in _patterns().items():
            score = _match(small, pattern)
            if score > best:
                best, best_word = score, word
        rows *= STEP
    return best, best_word


@cache
def _patterns() -> dict[str, Luma]:
    """The label of each word, ROWS high."""
    drawn = {word: draw_label(word, DRAWN) for word, _ in WORDS.values()}
    return {word: _resized(patch, ROWS / len(patch)) for word, patch in drawn.items()}


def _match(picture: Luma, pattern: Luma) -> float:
    """The correlation where it is highest; 0 if letters and ground are too alike there."""
    rows, columns = pattern.shape
    if picture.shape[0] < rows or picture.shape[1] < columns:
        return 0.0
    plane = cv2.matchTemplate(picture, pattern, cv2.TM_CCOEFF_NORMED)
    _, score, _, (left, top) = cv2.minMaxLoc(plane)
    if score < ALIKE:
        return float(score)
    there = picture[top : top + rows, left : left + columns].astype(np.float32)
    letters = pattern > np.uint8(128)
    contrast = float(there[letters].mean() - there[~letters].mean())
    return float(score) if contrast >= CONTRAST else 0.0


def _resized(picture: Luma, ratio: float) -> Luma:
    height, width = (max(1, round(length * ratio)) for length in picture.shape)
    fitting = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width, height), interpolation=fitting), np.uint8)
