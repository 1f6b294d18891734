"""Head poses, and how deep the face is, from the measured places of skin patches."""

import numpy as np

from avatar.models.warp import Camera
from avatar.training.preprocess.footage import CanonicalSkin, Footage
from avatar.training.preprocess.geometry import Array, into_head, rotations, unproject
from avatar.training.preprocess.landmark_sets import RIGID
from avatar.training.preprocess.pose_solver import ACCELERATION, reprojection, solve_poses
from avatar.training.preprocess.rigid_head import RigidHead, landmark_information
from avatar.training.preprocess.texture_alignment import CORRELATED, SPACING, SkinTemplate

LANDMARK_SHARE = 1 / 50  # of their weight: they only hold frames whose texture cannot be matched
RELIEF_SPREAD = 0.15  # share by which the mesh may be too flat or too deep as a whole
RELIEF_DOUBT = 50.0  # shading moves with the pose as relief does: so many frames count as one


def solve_texture(
    footage: Footage,
    head: RigidHead,
    poses: Array,
    skin: CanonicalSkin,
    template: SkinTemplate,
    measured: tuple[Array, Array],
    acceleration: Array = ACCELERATION,
) -> tuple[Array, tuple[Array, Array]]:
    """Poses that explain the places of the patches; change of the patches' depth (N,) that would
    explain them still better, and its variance (N,)."""
    places, variance = measured
    camera, usable, pose = head.camera, footage.usable, skin.pose
    columns, rows = template.pixels.T
    rays = unproject(template.pixels.astype(float), np.ones(len(columns)), camera)
    points = into_head(pose, rays * skin.depth[rows, columns, None])
    shape = np.concatenate([points, head.shape[RIGID]])
    share = template.information * (SPACING * template.unit) ** 2 / CORRELATED
    landmarks = landmark_information(head.noise, usable) * LANDMARK_SHARE
    observed = np.concatenate([places, footage.landmarks[:, RIGID]], axis=1)
    moving = np.zeros(len(columns))
    for _ in range(2):
        information = _information(share, variance, moving)
        weights = np.concatenate([information, landmarks], axis=1)
        poses = solve_poses(poses, shape, observed, weights, footage.clip, camera, 4, acceleration)
        residual = (places - reprojection(poses, points, camera))[usable]
        moving = _own_motion(residual, template.information)
    wanted = _depth_step(residual, poses[usable], points, rays, pose, information[usable], camera)
    return poses, wanted


def with_relief(
    depth: Array, mesh: Array, template: SkinTemplate, wanted: tuple[Array, Array]
) -> Array:
    """The mesh (H, W) made as flat or deep as the patches ask for.

    One number for all: dents of the depth cannot be told from highlights that move with the pose.
    """
    change, variance = wanted
    columns, rows = template.pixels.T
    middle = float(np.median(mesh[rows, columns]))
    own, total = mesh[rows, columns] - middle, (depth - mesh)[rows, columns] + change
    trust = 1 / (variance * RELIEF_DOUBT)
    more = (trust * own * total).sum() / ((trust * own**2).sum() + RELIEF_SPREAD**-2)
    return np.asarray(mesh + more * (mesh - middle))


def _information(share: Array, variance: Array, moving: Array) -> Array:
    """Inverse covariances (F, N, 2, 2): grey-level noise and the patches' own motion."""
    covariance = (
        np.linalg.inv(share + 1e-9 * np.eye(2))
        * np.where(np.isfinite(variance), variance, 1)[:, None, None, None]
    )
    covariance = covariance + moving[:, None, None] * np.eye(2)
    return np.asarray(np.linalg.inv(covariance) * np.isfinite(variance)[:, None, None, None])


def _own_motion(residual: Array, tensor: Array) -> Array:
    """Variance (N,) in px^2 of each patch across its strongest edge: skin that is not rigid."""
    _, vectors = np.linalg.eigh(tensor)
    across = np.einsum("fni,ni->fn", residual, vectors[:, :, 1])
    return np.asarray(np.square(1.48 * np.median(np.abs(across), axis=0)))


def _depth_step(
    residual: Array,
    poses: Array,
    points: Array,
    rays: Array,
    pose: Array,
    information: Array,
    camera: Camera,
) -> tuple[Array, Array]:
    """Change of each patch's depth (N,) along its canonical ray, and its variance (N,)."""
    turned = rotations(poses[:, :3])
    moved = np.einsum("fij,nj->fni", turned, points) + poses[:, None, 3:]
    ray = np.einsum("fij,nj->fni", turned, rays @ rotations(pose[:3]))
    slope = (ray[..., :2] - moved[..., :2] / moved[..., 2:] * ray[..., 2:]) * (
        camera.focal / moved[..., 2:]
    )
    leaning = np.einsum("fnij,fnj->fni", information, slope)
    sure = np.einsum("fni,fni->n", leaning, slope) + 1e-6
    pull = np.einsum("fni,fni->n", leaning, residual)
    return pull / sure, 1 / sure
