"""Maximum a posteriori head poses of a whole video: Gauss-Newton on reprojection and smoothness.

All frames are solved at once.  The smoothness prior couples three neighbouring frames, so the
normal equations are banded and one step costs O(F).
"""

import numpy as np
from scipy.linalg import solveh_banded

from avatar.models.warp import Camera
from avatar.training.preprocess.geometry import (
    Array,
    left_jacobian,
    project,
    rotations,
)

ACCELERATION = np.array([2e-3, 2e-3, 2e-3, 4e-3, 4e-3, 1.5e-2])
"""Standard deviation of a head's second difference at 25 frames a second: rad, head units."""
HEAVY_TAIL = 3.0  # standard deviations from which residuals count less (Cauchy)
CHUNK = 64  # frames whose terms are formed together, to stay in the cache
BAND = 12  # a pose is coupled to the two next ones, 6 numbers each


def solve_poses(
    start: Array,
    shape: Array,
    observed: Array,
    information: Array,
    clip: Array,
    camera: Camera,
    steps: int = 8,
    acceleration: Array = ACCELERATION,
) -> Array:
    """Poses (F, 6) that best explain `observed`.

    start (F, 6); shape (N, 3) head points; observed (F, N, 2) px; information (F, N, 2, 2) inverse
    covariance in px^-2, zero where there is no measurement; clip (F,): smooth only within;
    acceleration (6,): standard deviation of the second difference.
    """
    poses = np.array(start, np.float64)
    for _ in range(steps):
        blocks, gradient = _data_terms(poses, shape, observed, information, camera)
        bands, pull = _smoothness_terms(poses, clip, acceleration)
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
    parts = [
        _chunk_terms(poses[at], shape, observed[at], information[at], camera)
        for at in (slice(i, i + CHUNK) for i in range(0, len(poses), CHUNK))
    ]
    blocks, gradients = zip(*parts, strict=True)
    return np.concatenate(blocks), np.concatenate(gradients)


def _chunk_terms(
    poses: Array, shape: Array, observed: Array, information: Array, camera: Camera
) -> tuple[Array, Array]:
    turned = np.einsum("fij,nj->fni", rotations(poses[:, :3]), shape)
    moved = turned + poses[:, None, 3:]
    residual = project(moved, camera) - observed
    jacobian = _jacobian(poses, turned, moved, camera)
    pull = (information * residual[..., None, :]).sum(-1)
    sureness = 1 / (1 + (pull * residual).sum(-1) / HEAVY_TAIL**2)
    leaning = _times(information * sureness[..., None, None], jacobian)
    rows = len(poses), -1, 6
    flat = np.swapaxes(jacobian.reshape(rows), 1, 2)
    blocks = flat @ leaning.reshape(rows)
    gradient = flat @ (pull * sureness[..., None]).reshape(len(poses), -1, 1)
    return blocks, gradient[..., 0]


def _times(two_by_two: Array, rows: Array) -> Array:
    """(..., 2, 2) @ (..., 2, 6) without a loop over tiny matrices."""
    top = two_by_two[..., 0, :1] * rows[..., 0, :] + two_by_two[..., 0, 1:] * rows[..., 1, :]
    low = two_by_two[..., 1, :1] * rows[..., 0, :] + two_by_two[..., 1, 1:] * rows[..., 1, :]
    return np.stack([top, low], axis=-2)


def _jacobian(poses: Array, turned: Array, moved: Array, camera: Camera) -> Array:
    """d(pixel) / d(pose): (F, N, 2, 6)."""
    scale = camera.focal / moved[..., 2]
    by_point = np.zeros((*moved.shape[:2], 2, 3))
    by_point[..., 0, 0] = by_point[..., 1, 1] = scale
    by_point[..., 2] = -scale[..., None] * moved[..., :2] / moved[..., 2:]
    by_angle = np.cross(turned[..., None, :], by_point) @ left_jacobian(poses[:, :3])[:, None]
    return np.concatenate([by_angle, by_point], axis=-1)


def _smoothness_terms(poses: Array, clip: Array, spread: Array) -> tuple[Array, Array]:
    """Upper bands (13, 6 F) and gradient (F, 6) of the acceleration prior."""
    count = len(poses)
    bands, gradient = np.zeros((BAND + 1, 6 * count)), np.zeros((count, 6))
    if count < 3:
        return bands, gradient
    second = poses[:-2] - 2 * poses[1:-1] + poses[2:]
    inside = (clip[:-2] == clip[2:]).astype(float)[:, None]
    stiffness = inside / spread**2 / (1 + (second / spread / HEAVY_TAIL) ** 2)
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
