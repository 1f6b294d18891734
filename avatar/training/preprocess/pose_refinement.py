"""Head poses and face depth from skin texture: alignment, poses and depth in turns."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from avatar.models.warp import Camera
from avatar.training.preprocess.canonical_view import CanonicalView
from avatar.training.preprocess.footage import CanonicalSkin, Footage
from avatar.training.preprocess.geometry import Array
from avatar.training.preprocess.landmark_sets import (
    FACE_OVAL,
    LEFT_EYE_RIM,
    NOSE_BASE,
    RIGHT_EYE_RIM,
)
from avatar.training.preprocess.motion_map import motion_heat
from avatar.training.preprocess.polygons import filled, hull
from avatar.training.preprocess.pose_solver import ACCELERATION
from avatar.training.preprocess.rigid_head import RigidHead
from avatar.training.preprocess.texture_alignment import SkinTemplate, patch_shifts, skin_template
from avatar.training.preprocess.texture_solver import solve_texture, with_relief

LEARNING_ROUNDS = 5
LEARNING_FRAMES = 400  # the depth and the template are learned from so many frames
ROUNDS = 2
EYE_ROOM = 0.10  # eye distances round the eyes that lids and lashes move
RIM_ROOM = 0.06  # eye distances inside the face's edge, where skin meets background
LEAST_ACCELERATION = 0.1  # of the prior's, for heads that hardly move
Seen = Callable[[int, int], None]


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
        poses, wanted = solve_texture(some, head, poses, skin, template, measured)
        depth = with_relief(skin.depth, mesh, template, wanted)
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

        def count(frames: int, done: int = done) -> None:
            seen(done + frames, total)

        measured = _measure(footage, poses, skin, template, head.camera, count)
        poses, _ = solve_texture(footage, head, poses, skin, template, measured, acceleration)
        acceleration = _acceleration(poses, footage.clip)
    seen(total, total)
    return poses


def _acceleration(poses: Array, clip: NDArray[np.int32]) -> Array:
    """How much this head accelerates: smoothing that suits it."""
    second = (poses[:-2] - 2 * poses[1:-1] + poses[2:])[clip[:-2] == clip[2:]]
    if not len(second):
        return ACCELERATION
    own = 1.5 * 1.48 * np.median(np.abs(second), axis=0)
    return np.asarray(np.clip(own, LEAST_ACCELERATION * ACCELERATION, ACCELERATION))


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
    region = distance_transform_edt(filled(still[FACE_OVAL], shape)) > RIM_ROOM * unit
    for rim in (RIGHT_EYE_RIM, LEFT_EYE_RIM):
        eye = filled(hull(still[rim]), shape)
        region &= distance_transform_edt(~eye) > EYE_ROOM * unit
    region[int(still[NOSE_BASE, 1]) :] = False
    return np.asarray(region)


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
