"""A loop played so that its length cannot be told."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.benchmark.repetition import largest_repeat
from avatar.rendering.loop_walk import RAMP_FRAMES, LoopWalk

LENGTH = 250


def walk(seed: int, frames: int) -> NDArray[np.int64]:
    steps = LoopWalk(LENGTH, np.random.default_rng(seed))
    return np.array([steps.next() for _ in range(frames)])


def test_each_frame_is_shown_beside_a_neighbour_and_all_of_them_are() -> None:
    shown = walk(1, 5000)
    steps = (np.diff(shown) + 1) % LENGTH - 1
    assert set(steps.tolist()) == {-1, 0, 1}
    assert set(shown.tolist()) == set(range(LENGTH))


def test_it_slows_down_before_it_turns() -> None:
    shown = walk(1, 5000)
    steps = (np.diff(shown) + 1) % LENGTH - 1
    moving = np.flatnonzero(steps)
    turns = [at for at, then in itertools.pairwise(moving) if steps[at] != steps[then]]
    assert len(turns) > 30
    for turn in turns[1:-1]:
        around = steps[turn - RAMP_FRAMES : turn + RAMP_FRAMES + 1]
        assert (around == 0).sum() >= RAMP_FRAMES / 2


def test_the_same_seed_walks_the_same_way_and_another_another() -> None:
    assert (walk(1, 500) == walk(1, 500)).all()
    assert (walk(1, 500) != walk(2, 500)).any()


@pytest.mark.parametrize("seed", range(3))
def test_no_length_of_the_loop_is_left_in_what_is_shown(seed: int) -> None:
    place = 2 * np.pi * np.arange(25 * 600) / LENGTH
    looped = np.stack([np.sin(place), np.sin(3 * place + 1)], axis=1)
    assert largest_repeat(looped) > 0.9
    assert largest_repeat(looped[walk(seed, 25 * 600)]) < 0.3
