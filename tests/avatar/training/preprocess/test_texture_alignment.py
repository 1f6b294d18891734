"""Skin that is shifted by a known fraction of a pixel is found there."""

import cv2
import numpy as np
import pytest

from avatar.models.warp import Camera
from avatar.training.preprocess.canonical_view import CanonicalView
from avatar.training.preprocess.footage import CanonicalSkin, Footage
from avatar.training.preprocess.geometry import transform
from avatar.training.preprocess.landmark_sets import RIGID
from avatar.training.preprocess.pose_refinement import align_to
from avatar.training.preprocess.rigid_head import RigidHead
from avatar.training.preprocess.texture_alignment import patch_shifts, skin_template

SIDE, UNIT = 160, 50.0
CAMERA = Camera(12 * UNIT, (SIDE - 1) / 2, (SIDE - 1) / 2)
POSE = np.array([0, 0, 0, 0, 0, 12.0])


def _skin() -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 1, (SIDE, SIDE)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 1.8)
    return np.clip(120 + 90 * soft / soft.std() * 0.4, 0, 255).astype(np.uint8)


def _seen_from(skin: np.ndarray, depth: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """The frame of this pose: the skin looked up through the inverse map, found by iteration."""
    places = CanonicalView(depth, POSE, CAMERA).places(pose)
    xs, ys = np.meshgrid(np.arange(SIDE, dtype=np.float32), np.arange(SIDE, dtype=np.float32))
    back = np.stack([xs, ys], -1)
    for _ in range(30):
        moved = np.stack(
            [CanonicalView.sample(np.ascontiguousarray(places[..., k]), back) for k in (0, 1)], -1
        )
        back = back + np.stack([xs, ys], -1) - moved
    grey = CanonicalView.sample(skin.astype(np.float32), back.astype(np.float32))
    return np.repeat(np.clip(np.round(grey), 0, 255).astype(np.uint8)[..., None], 3, 2)


@pytest.mark.parametrize("shift", [(0.4, 0.0), (-0.3, 0.5)])
def test_a_subpixel_shift_is_measured(shift: tuple[float, float]) -> None:
    skin, depth = _skin(), np.full((SIDE, SIDE), 12.0)
    rigid = np.zeros((SIDE, SIDE), bool)
    rigid[40:120, 40:120] = True
    template = skin_template(skin.astype(np.float32), rigid, UNIT)
    view = CanonicalView(depth, POSE, CAMERA, template.box)
    moved = POSE + np.r_[0, 0, 0, np.array(shift) / UNIT, 0]
    places, _ = patch_shifts(_seen_from(skin, depth, moved), POSE, view, template)
    error = places - template.pixels - shift
    assert np.abs(np.median(error, axis=0)).max() < 0.05


def test_brightness_does_not_move_skin() -> None:
    skin, depth = _skin(), np.full((SIDE, SIDE), 12.0)
    rigid = np.zeros((SIDE, SIDE), bool)
    rigid[40:120, 40:120] = True
    template = skin_template(skin.astype(np.float32), rigid, UNIT)
    view = CanonicalView(depth, POSE, CAMERA, template.box)
    ramp = np.linspace(0, 40, SIDE)
    bright = np.repeat(np.clip(0.8 * skin + ramp, 0, 255).astype(np.uint8)[..., None], 3, 2)
    places, _ = patch_shifts(bright, POSE, view, template)
    assert np.abs(np.median(places - template.pixels, axis=0)).max() < 0.03


def test_poses_are_refined_far_below_the_noise_of_landmarks() -> None:
    rng = np.random.default_rng(5)
    ys, xs = np.mgrid[:SIDE, :SIDE]
    depth = 11.4 + 0.6 * (((xs - 80) / 80) ** 2 + ((ys - 80) / 80) ** 2)
    time = np.linspace(0, 3, 24)[:, None]
    poses = POSE + np.sin(time * (1, 2, 1.5, 1, 2, 1)) * (0.04, 0.05, 0.03, 0.05, 0.05, 0.1)
    skin = _skin()
    frames = np.stack([_seen_from(skin, depth, pose) for pose in poses])
    still = np.zeros((478, 2))
    still[:, 0], still[:, 1] = 80, 120
    shape = np.zeros((478, 3))
    shape[RIGID] = rng.uniform(-1, 1, (len(RIGID), 3))
    footage = Footage(
        frames, _landmarks(poses, shape, rng), np.ones(24, bool), np.zeros(24, np.int32)
    )
    canonical = CanonicalSkin(POSE, _oval(still), depth, skin.astype(np.float32))
    head = RigidHead(CAMERA, shape, np.full(len(RIGID), 0.5))
    start = poses + rng.normal(0, 1, poses.shape) * (2e-3, 2e-3, 2e-3, 8e-3, 8e-3, 0.02)
    found = align_to(canonical, footage, head, start, lambda *_: None)
    before, after = (_reprojection_error(p, poses) for p in (start, found))
    assert before > 0.4
    assert after < 0.08


def _landmarks(poses: np.ndarray, shape: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    moved = transform(poses, shape)
    there = moved[..., :2] / moved[..., 2:] * CAMERA.focal + (CAMERA.cx, CAMERA.cy)
    return there + rng.normal(0, 0.5, there.shape)


def _oval(still: np.ndarray) -> np.ndarray:
    """Landmarks whose rigid region is a disc in the upper part of the picture."""
    from avatar.training.preprocess.landmark_sets import FACE_OVAL, LEFT_EYE_RIM, RIGHT_EYE_RIM

    turn = np.linspace(0, 2 * np.pi, len(FACE_OVAL), endpoint=False)
    still[FACE_OVAL] = 80 + 50 * np.stack([np.cos(turn), np.sin(turn)], -1)
    for rim, x in ((RIGHT_EYE_RIM, 60), (LEFT_EYE_RIM, 100)):
        turn = np.linspace(0, 2 * np.pi, len(rim), endpoint=False)
        still[rim] = (x, 70) + 4 * np.stack([np.cos(turn), np.sin(turn)], -1)
    return still


def _reprojection_error(found: np.ndarray, true: np.ndarray) -> float:
    points = np.array([[-0.4, -0.3, -0.4], [0.4, -0.3, -0.4], [0.0, 0.3, -0.5]])
    places = [
        moved[..., :2] / moved[..., 2:] * CAMERA.focal
        for moved in (transform(found, points), transform(true, points))
    ]
    return float(np.sqrt(np.square(places[0] - places[1]).sum(-1).mean()))
