"""The canonical space of a tracked head: frame, texture, depth, masks, lip box."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.files import replace_file
from avatar.training.preprocess.canonical_frame import choose_canonical, lip_aperture
from avatar.training.preprocess.canonical_view import CanonicalView
from avatar.training.preprocess.face_depth import canonical_depth
from avatar.training.preprocess.footage import CanonicalSkin, Footage
from avatar.training.preprocess.geometry import Array, into_head, project, transform, unproject
from avatar.training.preprocess.head_pose import HeadMotion
from avatar.training.preprocess.ingest import Ingested
from avatar.training.preprocess.landmark_sets import CHIN, mesh_triangles
from avatar.training.preprocess.masks import face_mask, head_mask, lip_region
from avatar.training.preprocess.motion_map import heat_picture, motion_heat
from avatar.training.preprocess.phase_cache import PhaseCache, chain
from avatar.training.preprocess.pose_refinement import align_to, learn_skin
from avatar.training.preprocess.progress import Progress
from avatar.training.preprocess.rigid_head import RigidHead
from avatar.training.preprocess.tracked_video import TrackedVideo

VERSION = 2
CHIN_REACH = 99.5  # percentile of the chin's lowest places


def canonical_space(
    taken: Ingested, points: Array, motion: HeadMotion, cache: PhaseCache, progress: Progress
) -> TrackedVideo:
    """Canonical frame, texture alignment, masks and lip box."""
    head, usable = motion.head, motion.usable
    flat = np.nan_to_num(points[..., :2])
    aperture = lip_aperture(flat, taken.clip)
    canonical = choose_canonical(taken.frames, flat, motion.poses, aperture, usable)
    poses, skin = _aligned(taken, flat, motion, canonical, cache, progress)
    image = taken.frames[canonical]
    unit = head.camera.focal / float(skin.pose[5])
    view = CanonicalView(skin.depth, skin.pose, head.camera)
    heat, _ = motion_heat(
        taken.frames, poses, usable, view, lambda n, total: progress("motion map", n, total)
    )
    low_chin = _low_chin(flat, poses, usable, head, skin.pose)
    lip_box, lip_mask = lip_region(heat, skin.still, low_chin, unit)
    _save_picture(cache.folder / "motion.png", heat_picture(heat, image, lip_box))
    return TrackedVideo(
        frames=taken.frames,
        sound=taken.sound,
        camera=head.camera,
        poses=poses.astype(np.float32),
        landmarks=flat.astype(np.float32),
        usable=usable,
        clip=taken.clip,
        canonical=canonical,
        canonical_pose=skin.pose.astype(np.float32),
        canonical_landmarks=skin.still.astype(np.float32),
        depth=skin.depth.astype(np.float32),
        lip_box=lip_box,
        lip_mask=lip_mask,
        head_mask=head_mask(image, skin.still, unit),
        face_mask=face_mask(skin.still, skin.depth.shape, unit),
        aperture=aperture,
        shape=head.shape.astype(np.float32),
        noise=head.noise.astype(np.float32),
        template=skin.picture,
        crops=taken.crops,
    )


def _aligned(
    taken: Ingested,
    flat: Array,
    motion: HeadMotion,
    canonical: int,
    cache: PhaseCache,
    progress: Progress,
) -> tuple[Array, CanonicalSkin]:
    """Poses aligned by texture, and the texture they are aligned to."""
    camera = motion.head.camera
    pose = motion.poses[canonical]
    size = taken.frames.shape[2], taken.frames.shape[1]
    footage = Footage(taken.frames, flat, motion.usable, taken.clip)

    def compute() -> dict[str, Array]:
        z = transform(pose, motion.head.shape)[:, 2]
        vertices = unproject(flat[canonical], z, camera)
        mesh = canonical_depth(vertices, mesh_triangles(), camera, size).astype(float)
        skin = learn_skin(
            footage,
            motion.head,
            motion.poses,
            canonical,
            mesh,
            lambda n, total: progress("skin texture", n, total),
        )
        poses = align_to(
            skin,
            footage,
            motion.head,
            motion.poses,
            lambda n, total: progress("align", n, total),
        )
        poses[canonical] = skin.pose
        return {"poses": poses, "pose": skin.pose, "depth": skin.depth, "picture": skin.picture}

    found = cache.arrays("aligned", chain(taken.key, "aligned", VERSION), compute)
    skin = CanonicalSkin(found["pose"], flat[canonical], found["depth"], found["picture"])
    return found["poses"], skin


def _low_chin(
    flat: Array, poses: Array, usable: NDArray[np.bool_], head: RigidHead, pose: Array
) -> float:
    """The lowest y that the chin reaches in the canonical view."""
    depth = transform(poses, head.shape[[CHIN]])[:, 0, 2]
    chins = unproject(flat[:, CHIN], depth, head.camera)
    places = [
        project(transform(pose, into_head(poses[i], chins[i])[None])[0], head.camera)[1]
        for i in np.flatnonzero(usable)
    ]
    return float(np.percentile(places, CHIN_REACH))


def _save_picture(path: Path, image: NDArray[np.uint8]) -> None:
    with replace_file(path) as temporary:
        cv2.imwrite(str(temporary), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
