"""The visible label."""

import numpy as np
import pytest

from streaming.core.mark_settings import WORDS
from streaming.marks.label import Label
from tests.streaming.support.scenery import I420, scenery


def corner(picture: I420, size: tuple[int, int]) -> np.ndarray:
    """Luma of the upper right corner, an eighth of the shorter side."""
    side = min(size) // 8
    return picture[:side, size[0] - side :]


def relative_luminance(luma: int) -> float:
    """As WCAG defines it, of a grey given in limited range."""
    value = (luma - 16) / 219
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


@pytest.mark.parametrize("size", [(96, 96), (384, 384), (640, 360), (1280, 720)])
@pytest.mark.parametrize("word", sorted({word for word, _ in WORDS.values()}))
def test_the_word_stands_in_the_upper_right_corner(size: tuple[int, int], word: str) -> None:
    picture = scenery(1, size)[0]
    labelled = Label(word)(picture)
    changed = np.argwhere(labelled[: size[1]] != picture[: size[1]])
    assert changed[:, 0].max() < 0.3 * size[1]
    assert changed[:, 1].min() > 0.6 * size[0]
    assert (corner(labelled, size) > 180).any()


@pytest.mark.parametrize("size", [(384, 384), (1280, 720)])
def test_its_contrast_is_that_of_wcag_on_any_ground(size: tuple[int, int]) -> None:
    for ground in (16, 128, 235):
        labelled = Label("AI")(np.full((size[1] * 3 // 2, size[0]), ground, np.uint8))
        part = corner(labelled, size)
        dark, bright = (relative_luminance(int(luma)) for luma in (part.min(), part.max()))
        assert (bright + 0.05) / (dark + 0.05) > 7


def test_the_label_is_grey_and_the_picture_given_is_not_touched() -> None:
    picture = scenery(1)[0]
    picture[384:] = 90
    before = picture.copy()
    labelled = Label("AI")(picture)
    assert (picture == before).all()
    assert set(np.unique(labelled[384:])) == {90, 128}


def test_a_picture_too_small_for_the_label_stays_as_it_is() -> None:
    picture = np.full((24, 16), 100, np.uint8)
    assert (Label("AI")(picture) == picture).all()
