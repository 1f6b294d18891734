"""The watermark as it is put in: strong enough to be found, too weak to be seen."""

from datetime import date

import numpy as np
import pytest

from streaming.marks.payload import Payload
from streaming.marks.watermark import Watermark
from tests.streaming.support.scenery import scenery

PAYLOAD = Payload(0x1234, date(2026, 8, 2))


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    error = np.mean((one.astype(float) - other) ** 2)
    return float(10 * np.log10(255**2 / error))


@pytest.mark.parametrize("size", [(384, 384), (640, 360), (250, 166)])
def test_a_marked_picture_is_45_db_or_closer_to_the_unmarked_one(size: tuple[int, int]) -> None:
    watermark = Watermark(PAYLOAD)
    for picture in scenery(30, size):
        luma = slice(0, size[1])
        assert psnr(watermark(picture)[luma], picture[luma]) > 45


def test_neither_the_colours_nor_the_picture_given_are_touched() -> None:
    picture = scenery(1)[0]
    before = picture.copy()
    marked = Watermark(PAYLOAD)(picture)
    assert (picture == before).all()
    assert (marked[384:] == picture[384:]).all()
    assert (marked[:384] != picture[:384]).any()


def test_what_stands_still_does_so_with_the_mark() -> None:
    watermark, picture = Watermark(PAYLOAD), scenery(1)[0]
    first = watermark(picture)
    assert all((watermark(picture) == first).all() for _ in range(40))


def test_flat_parts_are_marked_less_than_textured_ones() -> None:
    picture = scenery(1)[0]
    difference = Watermark(PAYLOAD)(picture)[:384].astype(int) - picture[:384]
    sky, meadow = difference[:80, 200:], difference[330:384, 200:]
    faint, strong = (np.sqrt(np.mean(part**2.0)) for part in (sky, meadow))
    assert faint < 1
    assert 1.3 * faint < strong


def test_black_and_white_stay_within_the_range() -> None:
    picture = np.zeros((576, 384), np.uint8)
    picture[:, 192:] = 255
    difference = Watermark(PAYLOAD)(picture)[:384].astype(int) - picture[:384]
    assert np.abs(difference).max() <= 2


def test_the_strength_follows_the_picture_within_two_seconds() -> None:
    watermark = Watermark(PAYLOAD)
    grey = np.full((576, 384), 128, np.uint8)
    watermark(grey)
    busy = scenery(1, seed=2)[0]
    for _ in range(50):
        marked = watermark(busy)
    assert (marked == Watermark(PAYLOAD)(busy)).all()
