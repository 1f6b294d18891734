"""A loop played so that its length cannot be told."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from avatar.rendering.loop_walk import LoopWalk, still_positions
from avatar.speakers.speaker import Speaker

LENGTH = 250
STILL = np.isin(np.arange(LENGTH) % 31, (0, 1, 2, 3, 4, 5))


def walk(seed: int, frames: int) -> NDArray[np.int64]:
    steps = LoopWalk(STILL, np.random.default_rng(seed))
    return np.array([steps.next() for _ in range(frames)])


def test_each_frame_is_shown_beside_a_neighbour_and_turns_are_where_the_head_is_still() -> None:
    shown = walk(1, 5000)
    steps = (np.diff(shown) + 1) % LENGTH - 1
    assert set(steps.tolist()) == {-1, 1}
    turns = shown[1:-1][np.diff(steps) != 0]
    assert len(turns) > 20
    assert STILL[turns].all()
    assert set(shown.tolist()) == set(range(LENGTH))


def test_the_same_seed_walks_the_same_way_and_another_another() -> None:
    assert (walk(1, 500) == walk(1, 500)).all()
    assert (walk(1, 500) != walk(2, 500)).any()


@pytest.mark.parametrize("seed", range(3))
def test_no_length_of_the_loop_is_left_in_what_is_shown(seed: int) -> None:
    shown = walk(seed, 25 * 900)
    pose = np.sin(2 * np.pi * shown / LENGTH) + np.sin(6 * np.pi * shown / LENGTH + 1)
    pose -= pose.mean()
    lags = range(4 * 25, 60 * 25)
    found = [float((pose[lag:] * pose[:-lag]).sum() / (pose**2).sum()) for lag in lags]
    assert max(found) < 0.3


def test_the_still_places_of_a_loop_are_those_where_the_head_turns_back(tiny: Speaker) -> None:
    swing = torch.zeros(100, 6)
    swing[:, 1] = 0.1 * torch.sin(torch.arange(100) * 2 * torch.pi / 100)
    swing[:, 5] = 12
    still = still_positions(swing, range(100), tiny.canonical.camera)
    assert still[[25, 75]].all()
    assert not still[[0, 50]].any()
