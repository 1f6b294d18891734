"""Rigid motion and pinhole projection in numpy, batched over frames."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.models.warp import Camera

Array = NDArray[Any]


def cross_matrix(vectors: Array) -> Array:
    """(..., 3) -> (..., 3, 3) with cross_matrix(a) @ b = a x b."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    flat = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1)
    return np.asarray(flat.reshape(*vectors.shape, 3))


def rotations(axis_angle: Array) -> Array:
    """Rodrigues' formula: (..., 3) -> (..., 3, 3)."""
    sine, versine, cross = _rodrigues(axis_angle)
    return np.asarray(np.eye(3) + sine * cross + versine * (cross @ cross))


def left_jacobian(axis_angle: Array) -> Array:
    """d(rotation) / d(axis-angle): exp(w + d) = exp(J d) exp(w); (..., 3) -> (..., 3, 3)."""
    sine, versine, cross = _rodrigues(axis_angle)
    square = np.square(axis_angle).sum(-1)[..., None, None]
    cubic = np.where(square < 1e-8, 1 / 6, (1 - sine) / np.maximum(square, 1e-12))
    return np.asarray(np.eye(3) + versine * cross + cubic * (cross @ cross))


def _rodrigues(axis_angle: Array) -> tuple[Array, Array, Array]:
    angle = np.linalg.norm(axis_angle, axis=-1)[..., None, None]
    safe = np.maximum(angle, 1e-8)
    sine = np.where(angle < 1e-6, 1.0, np.sin(safe) / safe)
    versine = np.where(angle < 1e-6, 0.5, (1 - np.cos(safe)) / safe**2)
    return sine, versine, cross_matrix(axis_angle)


def axis_angles(matrices: Array) -> Array:
    """(..., 3, 3) rotations -> (..., 3) axis-angle."""
    from scipy.spatial.transform import Rotation

    flat = matrices.reshape(-1, 3, 3)
    return np.asarray(Rotation.from_matrix(flat).as_rotvec()).reshape(*matrices.shape[:-1])


def transform(poses: Array, points: Array) -> Array:
    """Head points (N, 3) or (F, N, 3) in the camera: poses (F, 6) -> (F, N, 3)."""
    turned = points @ np.swapaxes(rotations(poses[..., :3]), -1, -2)
    return np.asarray(turned + poses[..., None, 3:])


def project(points: Array, camera: Camera) -> Array:
    """Camera points (..., 3) -> pixels (..., 2)."""
    centre = np.array([camera.cx, camera.cy])
    return np.asarray(points[..., :2] / points[..., 2:] * camera.focal + centre)


def unproject(pixels: Array, depth: Array, camera: Camera) -> Array:
    """Pixels (..., 2) at depth (...) -> camera points (..., 3)."""
    flat = (pixels - np.array([camera.cx, camera.cy])) / camera.focal
    return np.asarray(
        np.concatenate([flat, np.ones_like(flat[..., :1])], axis=-1) * depth[..., None]
    )


def into_head(pose: Array, points: Array) -> Array:
    """Camera points (..., 3) of one frame with pose (6,) -> head points."""
    return np.asarray((points - pose[3:]) @ rotations(pose[:3]))


def similarity(source: Array, target: Array, weights: Array) -> tuple[Array, Array, Array]:
    """Umeyama's least-squares scale (...), rotation (..., 3, 3), shift (..., 3) taking source
    (N, 3) to target (..., N, 3), point weights (N,)."""
    share = (weights / weights.sum())[:, None]
    mean_s, mean_t = (share * source).sum(0), (share * target).sum(-2)
    flat_s, flat_t = source - mean_s, target - mean_t[..., None, :]
    left, values, right = np.linalg.svd(np.swapaxes(flat_t * share, -1, -2) @ flat_s)
    sign = np.sign(np.linalg.det(left @ right))
    fix = np.ones((*sign.shape, 3))
    fix[..., 2] = sign
    rotation = (left * fix[..., None, :]) @ right
    scale = (values * fix).sum(-1) / (share * flat_s**2).sum()
    shift = mean_t - scale[..., None] * (rotation @ mean_s)
    return scale, rotation, shift
