"""Turned heads: the sign of each angle, and no holes."""

import numpy as np
import pytest
import torch

from avatar.models.warp import rotation_matrix
from avatar.rendering.head_angles import head_angles, turned
from avatar.rendering.pipeline import Pipeline
from avatar.rendering.pose_control import PosedHead
from avatar.rendering.pose_path import PosePath
from avatar.speakers.speaker import Speaker

CPU = torch.device("cpu")


def still(yaw: float, pitch: float, roll: float) -> PosePath:
    return PosePath(np.array([0.0]), np.array([[yaw, pitch, roll]]))


@pytest.mark.parametrize(
    ("angles", "axis", "sign"),
    [((10, 0, 0), 0, 1), ((-10, 0, 0), 0, -1), ((0, 10, 0), 1, -1), ((0, -10, 0), 1, 1)],
)
def test_nose_goes_where_the_angle_says(
    angles: tuple[float, float, float], axis: int, sign: int
) -> None:
    nose = torch.tensor([0.0, 0.0, -1.0])  # towards the camera
    moved = rotation_matrix(turned(torch.zeros(6), angles)[:3]) @ nose
    assert float(moved[axis]) * sign == pytest.approx(np.sin(np.radians(10)), abs=1e-4)


def test_roll_is_clockwise() -> None:
    right = rotation_matrix(turned(torch.zeros(6), (0, 0, 10))[:3]) @ torch.tensor([1.0, 0, 0])
    assert float(right[1]) > 0.1  # down in the picture


def test_frontal_pose_is_the_loop_itself(tiny: Speaker) -> None:
    head = PosedHead(tiny, CPU, still(0, 0, 0))
    true = head.loop.place([0]).regions[0]
    made = head.picture(0)
    (x, y), (h, w) = head.loop.origins[0], head.loop.size
    assert float((made[:, y : y + h, x : x + w] - true).abs().mean()) < 0.02


@pytest.mark.parametrize("angles", [(12, 0, 0), (-12, 12, 12), (0, -12, -12)])
def test_extreme_poses_have_no_black_holes(
    tiny: Speaker, angles: tuple[float, float, float]
) -> None:
    head = PosedHead(tiny, CPU, still(*angles))
    assert float(head.picture(3).amax(dim=0).min()) > 0.1  # nothing in the drawing is black
    pipeline = Pipeline(tiny, "cpu", scene=lambda *_: head)
    stream = pipeline.open()
    chunk = np.full(640, 0.1, np.float32)
    pictures = [pipeline.step([stream], [chunk])[0] for _ in range(4)]
    assert pictures[3] is not None
    assert pictures[3].i420.shape == (192, 128)


def test_the_head_turns_and_the_background_stays(tiny: Speaker) -> None:
    left = PosedHead(tiny, CPU, still(-12, 0, 0)).picture(0)
    right = PosedHead(tiny, CPU, still(12, 0, 0)).picture(0)
    change = (left - right).abs().amax(dim=0)
    assert float(change.max()) > 0.3
    assert float(change[:6].max()) < 0.02


def test_angles_of_a_turned_head_are_found_again(tiny: Speaker) -> None:
    pose = tiny.canonical.pose
    wanted = [(10.0, -5.0, 3.0), (-12.0, 12.0, -12.0), (0.0, 0.0, 0.0)]
    poses = torch.stack([turned(pose, angles) for angles in wanted])
    for found, angles in zip(head_angles(poses, pose), wanted, strict=True):
        assert found == pytest.approx(angles, abs=1e-3)
