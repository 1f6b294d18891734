"""The rigid shape of a head and the focal length, from landmarks that speech does not move."""

from dataclasses import dataclass

import numpy as np

from avatar.models.warp import Camera
from avatar.training.preprocess.geometry import Array, axis_angles, rotations, similarity, transform
from avatar.training.preprocess.landmark_sets import (
    CHIN,
    FOREHEAD,
    LEFT_EYE,
    RIGHT_EYE,
    RIGID,
)
from avatar.training.preprocess.pose_solver import reprojection, solve_poses

DISTANCE = 14.0  # head to camera in eye distances: 0.9 m, as people film themselves
DISTANCE_SPREAD = 0.35  # of its logarithm
SHAPE_SPREAD = 0.06  # eye distances by which a head differs from the tracker's 3-D average
NEIGHBOURHOOD = 0.2  # eye distances over which corrections of the shape spread
KEYFRAMES = 120
ROUNDS = 6
LANDMARK_NOISE = 0.006  # eye distances: a landmark's independent error
COMMON_NOISE = 12.0  # landmarks err together: so many count as one measurement


@dataclass(frozen=True)
class RigidHead:
    """Camera, shape (478, 3) in eye distances and the noise (R,) of the RIGID landmarks in px."""

    camera: Camera
    shape: Array
    noise: Array


def average_shape(points: Array) -> Array:
    """Mean of the tracker's own 3-D landmarks (F, 478, 3), in its own axes, eye distance 1.

    Origin at the mean rigid point, x along the eyes, y towards the chin.
    """
    weights = np.zeros(points.shape[1])
    weights[RIGID] = 1
    mean = points[np.argmin(np.abs(points[:, :, 2]).sum(1))]
    for _ in range(3):
        scale, rotation, shift = similarity(mean, points, weights)
        back = np.einsum("fij,fni->fnj", rotation, points - shift[:, None])
        mean = np.median(back / scale[:, None, None], axis=0)
    across = mean[LEFT_EYE].mean(0) - mean[RIGHT_EYE].mean(0)
    unit = float(np.linalg.norm(across))
    x = across / unit
    down = mean[CHIN] - mean[FOREHEAD]
    y = down - (down @ x) * x
    y /= np.linalg.norm(y)
    axes = np.stack([x, y, np.cross(x, y)])
    return np.asarray((mean - mean[RIGID].mean(0)) @ axes.T / unit)


def first_poses(points: Array, shape: Array, camera: Camera) -> Array:
    """Poses (F, 6) from the tracker's 3-D landmarks (F, 478, 3) taken as weak perspective."""
    weights = np.zeros(len(shape))
    weights[RIGID] = 1
    scale, rotation, shift = similarity(shape, points, weights)
    distance = camera.focal / scale
    across = (shift[:, :2] - [camera.cx, camera.cy]) / scale[:, None]
    return np.concatenate([axis_angles(rotation), across, distance[:, None]], axis=1)


def fit_head(points: Array, side: tuple[int, int]) -> RigidHead:
    """Focal length and shape from (F, 478, 3) landmarks with a face; `side` (width, height) px.

    Bundle adjustment over key frames that differ most in pose, in turns: poses, shape; the focal
    length is the best of a range under a prior on the distance of the head.
    """
    shape = average_shape(points)
    unit = float(np.median(_unit(points)))
    keys = _key_frames(points)
    noise = np.full(len(RIGID), LANDMARK_NOISE * unit)
    best: tuple[float, Camera, Array] | None = None
    for factor in np.exp(np.linspace(-1, 1, 9) * 2 * DISTANCE_SPREAD):
        camera = Camera(float(DISTANCE * unit * factor), (side[0] - 1) / 2, (side[1] - 1) / 2)
        fitted, cost = _adjust(points[keys], shape, camera, noise)
        cost += (np.log(factor) / DISTANCE_SPREAD) ** 2
        if best is None or cost < best[0]:
            best = cost, camera, fitted
    assert best is not None
    return RigidHead(best[1], _carry_along(shape, best[2]), noise)


def _carry_along(before: Array, after: Array) -> Array:
    """Move the other landmarks as their rigid neighbours moved, so that the mesh stays smooth."""
    apart = np.square(before[:, None, :2] - before[None, RIGID, :2]).sum(-1)
    share = np.exp(-0.5 * apart / NEIGHBOURHOOD**2) + 1e-9
    moved = before + (share @ (after - before)[RIGID]) / share.sum(1, keepdims=True)
    moved[RIGID] = after[RIGID]
    return np.asarray(moved)


def with_noise(head: RigidHead, poses: Array, observed: Array) -> RigidHead:
    """The same head with each landmark's noise measured: steadier ones count more."""
    residual = observed[:, RIGID, :2] - reprojection(poses, head.shape[RIGID], head.camera)
    spread = 1.48 * np.median(np.abs(residual - np.median(residual, axis=0)), axis=(0, 2))
    bias = np.abs(np.median(residual, axis=(0, 2)))
    return RigidHead(head.camera, head.shape, np.hypot(np.hypot(spread, bias), 0.3 * head.noise))


def landmark_information(noise: Array, seen: Array) -> Array:
    """Inverse covariances (F, R, 2, 2) of the rigid landmarks in frames `seen` (F,)."""
    each = 1 / (noise**2 * COMMON_NOISE)
    return np.asarray(seen[:, None, None, None] * each[:, None, None] * np.eye(2))


def _unit(points: Array) -> Array:
    return np.asarray(
        np.linalg.norm(points[:, LEFT_EYE].mean(1) - points[:, RIGHT_EYE].mean(1), axis=-1)
    )


def _key_frames(points: Array) -> Array:
    """Frames spread over the poses by farthest-point choice."""
    shape = average_shape(points[:: max(len(points) // 500, 1)])
    poses = first_poses(points, shape, Camera(1000, 0, 0))
    features = poses[:, :3] / 0.02
    chosen = [int(np.argmin(np.abs(features - np.median(features, axis=0)).sum(1)))]
    distance = np.full(len(points), np.inf)
    for _ in range(min(KEYFRAMES, len(points)) - 1):
        distance = np.minimum(distance, np.square(features - features[chosen[-1]]).sum(1))
        chosen.append(int(np.argmax(distance)))
    return np.array(sorted(set(chosen)))


def _adjust(points: Array, prior: Array, camera: Camera, noise: Array) -> tuple[Array, float]:
    """Shape (478, 3) and cost of the best fit with this camera."""
    shape = prior.copy()
    observed = points[:, RIGID, :2]
    information = landmark_information(noise, np.ones(len(points)))
    apart = np.arange(len(points))
    poses = first_poses(points, shape, camera)
    for _ in range(ROUNDS):
        poses = solve_poses(poses, shape[RIGID], observed, information, apart, camera, steps=2)
        shape[RIGID] = _refit(shape[RIGID], prior[RIGID], poses, observed, information, camera)
        scale, rotation, shift = similarity(shape[RIGID], prior[RIGID], np.ones(len(RIGID)))
        shape[RIGID] = scale * shape[RIGID] @ rotation.T + shift
    residual = observed - reprojection(poses, shape[RIGID], camera)
    data = np.einsum("fni,fnij,fnj->", residual, information, residual)
    change = np.square((shape - prior)[RIGID] / SHAPE_SPREAD).sum()
    return shape, float(data + change)


def _refit(
    shape: Array, prior: Array, poses: Array, observed: Array, information: Array, camera: Camera
) -> Array:
    """One Gauss-Newton step of the points (N, 3) with the poses held."""
    moved = transform(poses, shape)
    scale = camera.focal / moved[..., 2]
    by_point = np.zeros((*moved.shape[:2], 2, 3))
    by_point[..., 0, 0] = by_point[..., 1, 1] = scale
    by_point[..., 2] = -scale[..., None] * moved[..., :2] / moved[..., 2:]
    jacobian = by_point @ rotations(poses[:, :3])[:, None]
    residual = observed - reprojection(poses, shape, camera)
    normal = np.einsum("fnik,fnij,fnjl->nkl", jacobian, information, jacobian, optimize=True)
    pull = np.einsum("fnik,fnij,fnj->nk", jacobian, information, residual, optimize=True)
    normal += np.eye(3) / SHAPE_SPREAD**2
    pull += (prior - shape) / SHAPE_SPREAD**2
    return np.asarray(shape + np.linalg.solve(normal, pull[..., None])[..., 0])
