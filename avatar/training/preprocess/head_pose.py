"""Head poses of all frames from landmarks: smoothed, and with the frames that cannot be trusted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.training.preprocess.geometry import Array
from avatar.training.preprocess.landmark_sets import RIGID
from avatar.training.preprocess.pose_solver import reprojection, solve_poses
from avatar.training.preprocess.rigid_head import (
    RigidHead,
    first_poses,
    landmark_information,
    with_noise,
)

WORST_FIT = 0.05  # eye distances: a median reprojection error beyond this is no head
WIDEST_TURN = np.deg2rad(50)


@dataclass(frozen=True)
class HeadMotion:
    """The head with the noise of its landmarks, poses (F, 6) and usable (F,)."""

    head: RigidHead
    poses: Array
    usable: NDArray[np.bool_]


def follow_head(head: RigidHead, points: Array, clip: Array, learn_noise: bool) -> HeadMotion:
    """Poses from landmarks (F, 478, 3), NaN where there is no face."""
    seen = np.isfinite(points[:, 0, 0])
    start = _start(head, points, seen)
    observed = np.nan_to_num(points[:, RIGID, :2])

    def solve(head: RigidHead) -> Array:
        information = landmark_information(head.noise, seen)
        return solve_poses(start, head.shape[RIGID], observed, information, clip, head.camera)

    poses = solve(head)
    if learn_noise:
        head = with_noise(head, poses[seen], points[seen])
        poses = solve(head)
    error = np.linalg.norm(observed - reprojection(poses, head.shape[RIGID], head.camera), axis=2)
    unit = head.camera.focal / poses[:, 5]
    fits = np.median(error, axis=1) < WORST_FIT * unit
    turned = np.linalg.norm(poses[:, :3], axis=1) > WIDEST_TURN
    return HeadMotion(head, poses, seen & fits & ~turned)


def _start(head: RigidHead, points: Array, seen: Array) -> Array:
    """First poses; frames without a face take the nearest one's."""
    found = np.flatnonzero(seen)
    poses = first_poses(points[found], head.shape, head.camera)
    after = np.searchsorted(found, np.arange(len(points))).clip(0, len(found) - 1)
    before = (after - 1).clip(0)
    every = np.arange(len(points))
    nearer = np.abs(found[before] - every) < np.abs(found[after] - every)
    return np.asarray(poses[np.where(nearer, before, after)])
