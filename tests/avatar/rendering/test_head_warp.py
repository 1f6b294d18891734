"""A head turned farther in a finished picture: where it goes, and that no seam is to be seen."""

import itertools

import numpy as np
import pytest
import torch

from avatar.gestures import LARGEST_TURN, HeadTurn
from avatar.i420 import I420
from avatar.rendering.head_warp import PITCH, HeadWarp
from avatar.rendering.reference_loop import ReferenceLoop
from avatar.speakers.speaker import Speaker

DARK = 60  # luma of eyes and mouth, in the drawing
EXTREMES = [
    HeadTurn(*(LARGEST_TURN * sign for sign in signs), nearer=0.06)
    for signs in itertools.product((-1, 1), repeat=3)
]


@pytest.fixture(scope="module")
def loop(tiny: Speaker) -> ReferenceLoop:
    return ReferenceLoop(tiny, torch.device("cpu"))


@pytest.fixture(scope="module")
def head(tiny: Speaker) -> HeadWarp:
    return HeadWarp(tiny.canonical, tiny.head_mask, tiny.track.poses)


def turned(head: HeadWarp, loop: ReferenceLoop, turn: HeadTurn, frame: int = 5) -> I420:
    picture = loop.pictures[frame].numpy().copy()
    head.turn(picture, frame, turn)
    return picture


@pytest.mark.parametrize(
    ("turn", "way"),
    [
        (HeadTurn(yaw=9), (1, 0)), (HeadTurn(yaw=-9), (-1, 0)),
        (HeadTurn(pitch=9), (0, -1)), (HeadTurn(pitch=-9), (0, 1)),
    ],
)  # fmt: skip
def test_eyes_and_mouth_go_where_the_angle_says(
    head: HeadWarp, loop: ReferenceLoop, turn: HeadTurn, way: tuple[int, int]
) -> None:
    moved = np.subtract(features(turned(head, loop, turn)), features(loop.pictures[5].numpy()))
    assert float(moved @ way) > 2  # pixels
    assert abs(float(moved @ way[::-1])) < 2


def test_a_tilt_to_the_right_lowers_what_is_on_the_right(
    head: HeadWarp, loop: ReferenceLoop
) -> None:
    level, tilted = loop.pictures[5].numpy(), turned(head, loop, HeadTurn(roll=10))
    assert slope(tilted) - slope(level) == pytest.approx(np.tan(np.radians(10)), abs=0.06)


def features(picture: I420) -> tuple[float, float]:
    """The middle, x and y, of what is dark in the face."""
    rows, columns = np.nonzero(picture[:128] < DARK)
    return float(columns.mean()), float(rows.mean())


def slope(picture: I420) -> float:
    """By how much the right eye of the picture is lower than the left one, over their distance."""
    rows, columns = np.nonzero(picture[:64] < DARK)
    right = columns > columns.mean()
    down = rows[right].mean() - rows[~right].mean()
    return float(down / (columns[right].mean() - columns[~right].mean()))


@pytest.mark.parametrize("turn", EXTREMES, ids=str)
def test_nothing_tears_folds_or_turns_black(
    head: HeadWarp, loop: ReferenceLoop, turn: HeadTurn
) -> None:
    picture, before = turned(head, loop, turn), loop.pictures[5].numpy()
    assert int(picture[:128].min()) > 24  # 16 is black; fine sampling overshoots a little
    assert (picture[:128] != before[:128]).mean() > 0.1
    back = head._back(5, turn) / PITCH
    down, right = np.gradient(back, axis=0), np.gradient(back, axis=1)
    stretch = (1 + right[..., 0]) * (1 + down[..., 1]) - right[..., 1] * down[..., 0]
    assert stretch.min() > 0.2  # below 0 the picture would be folded


def test_a_small_turn_changes_little_and_none_nothing_at_the_edge(
    head: HeadWarp, loop: ReferenceLoop
) -> None:
    before, picture = loop.pictures[5].numpy(), turned(head, loop, HeadTurn(0.05))
    assert np.abs(picture.astype(int) - before).mean() < 1
    border = turned(head, loop, EXTREMES[0]).astype(int) - before
    assert np.abs(border[0]).max() <= 2
    assert np.abs(border[:128, 0]).max() <= 2
