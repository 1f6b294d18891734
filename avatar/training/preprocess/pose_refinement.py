"""Head poses and face depth from skin texture: alignment, poses and depth in turns."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.models.warp import Camera
from avatar.training.preprocess.canonical_view import CanonicalView
from avatar.training.preprocess.geometry import Array, into_head, rotations, unproject
from avatar.training.preprocess.landmark_sets import (
    FACE_OVAL,
    LEFT_EYE_RIM,
    NOSE_BASE,
    RIGHT_EYE_RIM,
    RIGID,
)
from avatar.training.preprocess.motion_map import motion_heat
from avatar.training.preprocess.pose_solver import ACCELERATION, reprojection, solve_poses
from avatar.training.preprocess.rigid_head import RigidHead, landmark_information
from avatar.training.preprocess.texture_alignment import (
    CORRELATED,
    SPACING,
    SkinTemplate,
    patch_shifts,
    skin_template,
)

LEARNING_ROUNDS = 5
LEARNING_FRAMES = 400  # the depth and the template are learned from so many frames
ROUNDS = 2
LANDMARK_SHARE = 1 / 50  # of their weight: they only hold frames whose texture cannot be matched
RELIEF_SPREAD = 0.15  # share by which the mesh may be too flat or too deep as a whole
RELIEF_DOUBT = 50.0  # shading moves with the pose as relief does: so many frames count as one
EYE_ROOM = 0.10  # eye distances round the eyes that lids and lashes move
RIM_ROOM = 0.06  # eye distances inside the face's edge, where skin meets background
LEAST_ACCELERATION = 0.1  # of the prior's, for heads that hardly move
Seen = Callable[[int, int], None]


@dataclass(frozen=True)
class CanonicalSkin:
    """The canonical view as texture: pose (6,) and landmarks (478, 2) of the canonical frame, its
    depth (H, W) and the mean picture (H, W) of all frames warped to it."""

    pose: Array
    still: Array
    depth: Array
    picture: NDArray[np.float32]


@dataclass(frozen=True)
class Footage:
    """What poses are measured in: frames (F, H, W, 3), landmarks (F, 478, 2), usable, clip (F,)."""

    frames: NDArray[np.uint8]
    landmarks: Array
    usable: NDArray[np.bool_]
    clip: NDArray[np.int32]

    def pick(self, indices: NDArray[np.intp]) -> "Footage":
        """Some frames, each a clip of its own."""
        return Footage(
            self.frames[indices],
            self.landmarks[indices],
            self.usable[indices],
            np.arange(len(indices), dtype=np.int32),
        )


def learn_skin(
    footage: Footage, head: RigidHead, poses: Array, canonical: int, depth: Array, seen: Seen
) -> CanonicalSkin:
    """Template and depth from a spread of frames: align, solve, in turns."""
    usable = np.flatnonzero(footage.usable)
    chosen = usable[np.linspace(0, len(usable) - 1, LEARNING_FRAMES).round().astype(int)]
    chosen = np.unique(np.r_[chosen, canonical])
    at = int(np.searchsorted(chosen, canonical))
    some, poses = footage.pick(chosen), poses[chosen]
    still, mesh = some.landmarks[at], depth
    skin = CanonicalSkin(poses[at], still, depth, _picture(some, head.camera, poses, at, depth))
    for number in range(LEARNING_ROUNDS):
        template = _template(skin, head.camera)
        measured = _measure(some, poses, skin, template, head.camera)
        poses, wanted = _solve(some, head, poses, skin, template, measured)
        depth = _with_relief(skin.depth, mesh, template, wanted)
        picture = _picture(some, head.camera, poses, at, depth)
        skin = CanonicalSkin(poses[at], still, depth, picture)
        seen(number + 1, LEARNING_ROUNDS)
    return skin


def align_to(
    skin: CanonicalSkin, footage: Footage, head: RigidHead, poses: Array, seen: Seen
) -> Array:
    """Poses (F, 6) of all frames against a known canonical view, from first `poses`."""
    total = ROUNDS * len(poses)
    template = _template(skin, head.camera)
    acceleration = ACCELERATION
    for number in range(ROUNDS):
        done = number * len(poses)
        measured = _measure(
            footage, poses, skin, template, head.camera, lambda n, at=done: seen(at + n, total)
        )
        poses, _ = _solve(footage, head, poses, skin, template, measured, acceleration)
        acceleration = _acceleration(poses, footage.clip)
    seen(total, total)
    return poses


def _acceleration(poses: Array, clip: NDArray[np.int32]) -> Array:
    """How much this head accelerates: smoothing that suits it."""
    second = (poses[:-2] - 2 * poses[1:-1] + poses[2:])[clip[:-2] == clip[2:]]
    if not len(second):
        return ACCELERATION
    own = 1.5 * 1.48 * np.median(np.abs(second), axis=0)
    return np.clip(own, LEAST_ACCELERATION * ACCELERATION, ACCELERATION)


def _picture(
    footage: Footage, camera: Camera, poses: Array, canonical: int, depth: Array
) -> NDArray[np.float32]:
    view = CanonicalView(depth, poses[canonical], camera)
    _, mean = motion_heat(footage.frames, poses, footage.usable, view, lambda *_: None)
    return mean


def _template(skin: CanonicalSkin, camera: Camera) -> SkinTemplate:
    unit = camera.focal / float(skin.pose[5])
    return skin_template(skin.picture, rigid_region(skin.still, skin.depth.shape, unit), unit)


def rigid_region(still: Array, shape: tuple[int, ...], unit: float) -> NDArray[np.bool_]:
    """Skin (H, W) that stands still on the head: above the nose's base, without the eyes."""
    region = np.zeros(shape, np.uint8)
    cv2.fillPoly(region, [np.round(still[FACE_OVAL]).astype(np.int32)], 1)
    region = cv2.erode(region, _disc(RIM_ROOM * unit))
    for rim in (RIGHT_EYE_RIM, LEFT_EYE_RIM):
        eye = np.zeros(shape, np.uint8)
        cv2.fillConvexPoly(eye, cv2.convexHull(still[rim].astype(np.float32)).astype(np.int32), 1)
        region[cv2.dilate(eye, _disc(EYE_ROOM * unit)) > 0] = 0
    region[int(still[NOSE_BASE, 1]) :] = 0
    return region.astype(bool)


def _disc(radius: float) -> NDArray[np.uint8]:
    side = 2 * max(round(radius), 1) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _measure(
    footage: Footage,
    poses: Array,
    skin: CanonicalSkin,
    template: SkinTemplate,
    camera: Camera,
    seen: Callable[[int], None] = lambda _: None,
) -> tuple[Array, Array]:
    """Places (F, N, 2) of the patches and variance (F,) of the grey levels."""
    view = CanonicalView(skin.depth, skin.pose, camera, template.box)
    places = np.zeros((len(poses), len(template.points), 2), np.float32)
    variance = np.full(len(poses), np.inf)
    for index in np.flatnonzero(footage.usable):
        places[index], variance[index] = patch_shifts(
            footage.frames[index], poses[index], view, template
        )
        seen(int(index) + 1)
    return places, variance


def _solve(
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


def _with_relief(
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
