"""The visible label: the word for AI in the upper right corner, white on black."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

I420 = NDArray[np.uint8]  # (H * 3 // 2, W)

HEIGHT = 0.07  # of the picture's shorter side
LEAST = 16  # pixels of height
MARGIN = 0.25  # of the label's height, to the picture's edges
DARK, BRIGHT = 16, 235  # luma; contrast 21:1, where WCAG asks for 4.5:1 (7:1 at its strictest)
NEUTRAL = 128
FONT = cv2.FONT_HERSHEY_DUPLEX
LETTERS = 0.55  # of the label's height


class Label:
    """Burns a word into pictures; call it with each."""

    def __init__(self, word: str) -> None:
        self._word = word

    def __call__(self, picture: I420) -> I420:
        """A copy of `picture` with the label on it."""
        height, width = picture.shape[0] * 2 // 3, picture.shape[1]
        patch = draw_label(self._word, min(height, width))
        rows, columns = patch.shape
        gap = _even(MARGIN * rows)
        if rows + gap > height or columns + gap > width:
            return picture
        labelled = picture.copy()
        left = width - gap - columns
        labelled[gap : gap + rows, left : left + columns] = patch
        chroma = labelled[height:].reshape(2, height // 2, width // 2)
        upper, side = slice(gap // 2, (gap + rows) // 2), slice(left // 2, (left + columns) // 2)
        chroma[:, upper, side] = NEUTRAL
        return labelled


@lru_cache(maxsize=8)
def draw_label(word: str, side: int) -> NDArray[np.uint8]:
    """Luma (h, w), even numbers, for pictures whose shorter side has `side` pixels."""
    height = _even(max(LEAST, HEIGHT * side))
    thickness = max(1, height // 16)
    scale = cv2.getFontScaleFromHeight(FONT, round(LETTERS * height), thickness)
    (wide, tall), _ = cv2.getTextSize(word, FONT, scale, thickness)
    patch = np.full((height, _even(wide + 0.7 * height)), DARK, np.uint8)
    place = ((patch.shape[1] - wide) // 2, (height + tall) // 2)
    cv2.putText(patch, word, place, FONT, scale, (BRIGHT,), thickness, cv2.LINE_AA)
    return patch


def _even(length: float) -> int:
    return round(length / 2) * 2
