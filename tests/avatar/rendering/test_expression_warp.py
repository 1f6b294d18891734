"""An expression in a finished picture: where it is, and that it is nowhere else."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from avatar.i420 import I420
from avatar.rendering.expression_warp import PITCH, ExpressionWarp
from avatar.rendering.reference_loop import ReferenceLoop
from avatar.speakers.speaker import Speaker
from tests.tiny_speaker import CAMERA, DISTANCE, SIDE, tiny_smile

TURNED = 11  # the frame whose head is farthest to the side
DARK = 140  # luma of lips, in the drawing


@pytest.fixture(scope="module")
def loop(tiny: Speaker) -> ReferenceLoop:
    return ReferenceLoop(tiny, torch.device("cpu"))


@pytest.fixture(scope="module")
def warp(tiny: Speaker) -> ExpressionWarp:
    return ExpressionWarp({"smile": tiny_smile()}, tiny.canonical, tiny.track.poses)


def smiling(warp: ExpressionWarp, loop: ReferenceLoop, frame: int, share: float) -> I420:
    picture = loop.pictures[frame].numpy().copy()
    warp.show(picture, frame, {"smile": share})
    return picture


def lips(picture: I420) -> NDArray[np.intp]:
    """Columns in which lips are."""
    return np.flatnonzero((picture[82:96, 34:94] < DARK).any(axis=0))


@pytest.mark.parametrize("frame", [0, TURNED])
def test_the_mouth_gets_wider_where_the_head_now_is(
    warp: ExpressionWarp, loop: ReferenceLoop, frame: int
) -> None:
    before = lips(loop.pictures[frame].numpy())
    half, whole = (lips(smiling(warp, loop, frame, share)) for share in (0.5, 1.0))
    assert len(before) < len(half) < len(whole)
    assert abs(np.mean(whole) - np.mean(before)) <= 1


def test_it_gets_lighter_above_the_mouth_and_nothing_else_changes(
    warp: ExpressionWarp, loop: ReferenceLoop
) -> None:
    for frame in (0, TURNED):
        neutral = loop.pictures[frame].numpy()[:SIDE].astype(int)
        shown = smiling(warp, loop, frame, 1.0)[:SIDE].astype(int)
        x = round(64 + CAMERA.focal * float(loop_shift(frame)) / DISTANCE)
        assert shown[80, x] - neutral[80, x] > 10
        changed = np.argwhere(shown != neutral)
        (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
        room = 2 * PITCH
        assert top >= 76 - room
        assert bottom < 100 + room
        assert left >= 40 - room
        assert right < 88 + room + 12


def loop_shift(frame: int) -> float:
    return 0.2 * float(np.sin(np.pi * frame / 23))


def test_not_at_all_is_as_it_was(warp: ExpressionWarp, loop: ReferenceLoop) -> None:
    assert (smiling(warp, loop, 5, 0.0) == loop.pictures[5].numpy()).all()
