"""Poses of a known head come back; smoothing stays within clips."""

import numpy as np
import torch

from avatar.models.warp import Camera, rotation_matrix
from avatar.training.preprocess.geometry import (
    axis_angles,
    left_jacobian,
    rotations,
    similarity,
    unproject,
)
from avatar.training.preprocess.geometry import project as project_points
from avatar.training.preprocess.pose_solver import reprojection, solve_poses

CAMERA = Camera(600.0, 127.5, 127.5)


def _scene(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shape = rng.uniform(-1, 1, (40, 3)) * (1, 1, 0.5)
    time = np.linspace(0, 3, count)[:, None]
    wave = np.sin(time * rng.uniform(0.5, 2, 6) + rng.uniform(0, 6, 6))
    return shape, wave * (0.2, 0.2, 0.1, 0.3, 0.3, 0.5) + (0, 0, 0, 0, 0, 12)


def test_rotations_are_those_of_the_models() -> None:
    vectors = np.random.default_rng(1).normal(0, 0.6, (20, 3))
    theirs = rotation_matrix(torch.from_numpy(vectors)).numpy()
    assert np.allclose(rotations(vectors), theirs, atol=1e-6)
    assert np.allclose(axis_angles(theirs), vectors, atol=1e-6)


def test_left_jacobian_is_the_derivative() -> None:
    vector, step = np.array([0.3, -0.2, 0.5]), np.array([1e-6, -2e-6, 1.5e-6])
    exact = rotations(vector + step) @ rotations(vector).T
    assert np.allclose(axis_angles(exact), left_jacobian(vector) @ step, atol=1e-10)


def test_unproject_undoes_project() -> None:
    points = np.array([[0.3, -0.2, 9.0], [1.0, 2.0, 14.0]])
    there = project_points(points, CAMERA)
    assert np.allclose(unproject(there, points[:, 2], CAMERA), points)


def test_similarity_is_found() -> None:
    source = np.random.default_rng(2).normal(0, 1, (30, 3))
    turn = rotations(np.array([0.1, 0.4, -0.3]))
    scale, rotation, shift = similarity(
        source, (2.5 * source @ turn.T + (1, 2, 3))[None], np.ones(30)
    )
    assert np.allclose(scale, 2.5)
    assert np.allclose(rotation[0], turn)
    assert np.allclose(shift[0], (1, 2, 3))


def test_poses_are_recovered_from_clean_points() -> None:
    shape, poses = _scene(60)
    observed = reprojection(poses, shape, CAMERA)
    information = np.broadcast_to(np.eye(2) / 0.01**2, (60, 40, 2, 2))
    start = poses + np.random.default_rng(3).normal(0, 0.02, poses.shape)
    found = solve_poses(start, shape, observed, information, np.zeros(60), CAMERA, 15)
    assert np.abs(found - poses).max() < 2e-3


def test_smoothing_beats_single_frames_and_outliers_hardly_count() -> None:
    shape, poses = _scene(100)
    rng = np.random.default_rng(4)
    observed = reprojection(poses, shape, CAMERA) + rng.normal(0, 0.5, (100, 40, 2))
    observed[:, :3] += 25
    information = np.broadcast_to(np.eye(2) / 0.5**2, (100, 40, 2, 2))
    one, apart = np.zeros(100), np.arange(100)
    smooth = solve_poses(poses, shape, observed, information, one, CAMERA)
    single = solve_poses(poses, shape, observed, information, apart, CAMERA)
    assert np.abs(smooth - poses).mean() < 0.6 * np.abs(single - poses).mean()
    assert np.abs(smooth - poses)[:, :3].max() < 0.02


def test_a_jump_between_clips_is_kept() -> None:
    shape, poses = _scene(40)
    poses = np.repeat(poses[:1], 40, axis=0)
    poses[20:, 3] += 1
    observed = reprojection(poses, shape, CAMERA)
    information = np.broadcast_to(np.eye(2) / 0.5**2, (40, 40, 2, 2))
    clip = np.repeat([0, 1], 20)
    found = solve_poses(poses, shape, observed, information, clip, CAMERA)
    assert np.abs(found - poses).max() < 1e-6


def test_frames_without_measurement_are_bridged() -> None:
    shape, poses = _scene(60)
    observed = reprojection(poses, shape, CAMERA)
    information = np.tile(np.eye(2) / 0.05**2, (60, 40, 1, 1))
    information[28:31] = 0
    start = poses.copy()
    start[28:31] += 0.1
    found = solve_poses(start, shape, observed, information, np.zeros(60), CAMERA, 15)
    assert np.abs(found - poses)[28:31, :3].max() < 0.01
