"""Maximum a posteriori head poses of a whole video: Gauss-Newton on reprojection and smoothness.

All frames are solved at once.  The smoothness prior couples three neighbouring frames, so the
normal equations are banded and one step costs O(F).
"""

import numpy as np
from scipy.linalg import solveh_banded

from avatar.models.warp import Camera
from avatar.training.preprocess.geometry import (
    Array,
    cross_matrix,
    left_jacobian,
    project,
    rotations,
)

ACCELERATION = np.array([2e-3, 2e-3, 2e-3, 4e-3, 4e-3, 1.5e-2])
"""Standard deviation of a head's second difference at 25 frames a second: rad, head units."""
HEAVY_TAIL = 3.0  # standard deviations from which residuals count less (Cauchy)
BAND = 12  # a pose is coupled to the two next ones, 6 numbers each


def solve_poses(
    start: Array,
    shape: Array,
    observed: Array,
    information: Array,
    clip: Array,
    camera: Camera,
    steps: int = 8,
) -> Array:
    """Poses (F, 6) that best explain `observed`.

    start (F, 6); shape (N, 3) head points; observed (F, N, 2) px; information (F, N, 2, 2) inverse
    covariance in px^-2, zero where there is no measurement; clip (F,): smooth only within.
    """
    poses = np.array(start, np.float64)
    for _ in range(steps):
        blocks, gradient = _data_terms(poses, shape, observed, information, camera)
        bands, pull = _smoothness_terms(poses, clip)
        _add_blocks(bands, blocks)
        update = solveh_banded(bands, -(gradient + pull).ravel(), overwrite_ab=True)
        poses += update.reshape(-1, 6)
    return poses


def reprojection(poses: Array, shape: Array, camera: Camera) -> Array:
    """Where the shape stands in every frame: (F, N, 2) px."""
    turned = np.einsum("fij,nj->fni", rotations(poses[:, :3]), shape)
    return project(turned + poses[:, None, 3:], camera)


def _data_terms(
    poses: Array, shape: Array, observed: Array, information: Array, camera: Camera
) -> tuple[Array, Array]:
    """Gauss-Newton blocks (F, 6, 6) and gradients (F, 6) of the reprojection error."""
    turned = np.einsum("fij,nj->fni", rotations(poses[:, :3]), shape)
    moved = turned + poses[:, None, 3:]
    residual = project(moved, camera) - observed
    jacobian = _jacobian(poses, turned, moved, camera)
    distance = np.einsum("fni,fnij,fnj->fn", residual, information, residual)
    weighted = information / (1 + distance / HEAVY_TAIL**2)[..., None, None]
    leaning = weighted @ jacobian
    blocks = np.einsum("fnik,fnil->fkl", jacobian, leaning, optimize=True)
    return blocks, np.einsum("fnik,fni->fk", leaning, residual, optimize=True)


def _jacobian(poses: Array, turned: Array, moved: Array, camera: Camera) -> Array:
    """d(pixel) / d(pose): (F, N, 2, 6)."""
    scale = camera.focal / moved[..., 2]
    by_point = np.zeros((*moved.shape[:2], 2, 3))
    by_point[..., 0, 0] = by_point[..., 1, 1] = scale
    by_point[..., 2] = -scale[..., None] * moved[..., :2] / moved[..., 2:]
    by_angle = -by_point @ cross_matrix(turned) @ left_jacobian(poses[:, :3])[:, None]
    return np.concatenate([by_angle, by_point], axis=-1)


def _smoothness_terms(poses: Array, clip: Array) -> tuple[Array, Array]:
    """Upper bands (13, 6 F) and gradient (F, 6) of the acceleration prior."""
    count = len(poses)
    bands, gradient = np.zeros((BAND + 1, 6 * count)), np.zeros((count, 6))
    if count < 3:
        return bands, gradient
    second = poses[:-2] - 2 * poses[1:-1] + poses[2:]
    inside = (clip[:-2] == clip[2:]).astype(float)[:, None]
    stiffness = inside / ACCELERATION**2 / (1 + (second / ACCELERATION / HEAVY_TAIL) ** 2)
    stencil = (1, -2, 1)
    for i, a in enumerate(stencil):
        gradient[i : count - 2 + i] += a * stiffness * second
        for j in range(i, 3):
            rows = bands[BAND - 6 * (j - i)].reshape(count, 6)
            rows[j : count - 2 + j] += a * stencil[j] * stiffness
    return bands, gradient


def _add_blocks(bands: Array, blocks: Array) -> None:
    """Add the frames' own 6x6 blocks, and a trace of damping, to the upper bands."""
    for row in range(6):
        for column in range(row, 6):
            bands[BAND - (column - row)].reshape(-1, 6)[:, column] += blocks[:, row, column]
    bands[BAND] += 1e-6 * bands[BAND] + 1e-9
