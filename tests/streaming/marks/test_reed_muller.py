"""The code that carries a byte through noise."""

import numpy as np

from streaming.marks import reed_muller

DATA = bytes([0, 1, 127, 128, 200, 255])


def test_every_byte_comes_back() -> None:
    data = bytes(range(256))
    for start in range(0, 256, 4):
        four = data[start : start + 4]
        assert next(reed_muller.decode(reed_muller.encode(four))) == four


def test_noise_twice_as_strong_as_the_chips_does_no_harm() -> None:
    noise = np.random.default_rng(1).normal(0, 2, (len(DATA), reed_muller.CHIPS))
    chips = reed_muller.encode(DATA) + noise.astype(np.float32)
    assert next(reed_muller.decode(chips)) == DATA


def test_what_is_not_the_best_match_is_tried_later() -> None:
    chips = reed_muller.encode(DATA)
    chips[0] = 0.9 * chips[0] + reed_muller.encode(b"\x07")[0]
    readings = list(reed_muller.decode(chips))
    assert readings[0][0] == 7
    assert readings[1] == DATA
