"""The phases in their order, each kept in the working folder."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.audio import FPS
from avatar.errors import AvatarError
from avatar.models.warp import Camera
from avatar.training.preprocess.canonical_frame import choose_canonical, lip_aperture
from avatar.training.preprocess.canonical_view import CanonicalView
from avatar.training.preprocess.face_depth import canonical_depth
from avatar.training.preprocess.geometry import Array, into_head, project, transform, unproject
from avatar.training.preprocess.head_pose import HeadMotion, follow_head
from avatar.training.preprocess.ingest import Ingested, ingest
from avatar.training.preprocess.landmark_sets import CHIN, mesh_triangles
from avatar.training.preprocess.landmark_tracker import (
    MediaPipeFaceMesh,
    enlargement,
    track_clips,
)
from avatar.training.preprocess.masks import face_mask, head_mask, lip_region
from avatar.training.preprocess.motion_map import heat_picture, motion_heat
from avatar.training.preprocess.phase_cache import PhaseCache, chain
from avatar.training.preprocess.pose_refinement import (
    CanonicalSkin,
    Footage,
    align_to,
    learn_skin,
)
from avatar.training.preprocess.progress import Progress, silent
from avatar.training.preprocess.rigid_head import RigidHead, fit_head
from avatar.training.preprocess.tracked_video import TrackedVideo

VERSION = 2
SHORTEST = 20.0  # s of usable face
CHIN_REACH = 99.5  # percentile of the chin's lowest places


def preprocess(videos: list[Path], workdir: Path, progress: Progress = silent) -> TrackedVideo:
    """Track a speaker in one or several videos; `workdir` keeps every phase and the result.

    Raises AvatarError for videos that cannot be learned from, saying what to do.
    """
    taken = ingest(videos, workdir, progress)
    cache = PhaseCache(workdir)
    points = _landmarks(taken, cache, progress)
    seen = np.isfinite(points[:, 0, 0])
    _long_enough(seen)
    motion = _head_motion(taken, points, cache, progress)
    _long_enough(motion.usable)
    tracked = _geometry(taken, points, motion, cache, progress)
    tracked.save(workdir)
    return tracked


def track_with(
    tracked: TrackedVideo,
    videos: list[Path],
    workdir: Path,
    progress: Progress = silent,
    with_sound: bool = True,
) -> TrackedVideo:
    """Track more videos of the same speaker in the canonical space of `tracked`.

    Camera, shape, canonical frame, depth, boxes and masks are those of `tracked`.
    """
    taken = ingest(videos, workdir, progress, tracked.crops, with_sound)
    cache = PhaseCache(workdir)
    points = _landmarks(taken, cache, progress)
    if not np.isfinite(points[:, 0, 0]).any():
        raise AvatarError(f"no face in {videos[0]}: give a video that shows the speaker's face")
    head = RigidHead(tracked.camera, tracked.shape.astype(float), tracked.noise.astype(float))
    motion = follow_head(head, points, taken.clip, learn_noise=False)
    flat = np.nan_to_num(points[..., :2])
    skin = CanonicalSkin(
        tracked.canonical_pose.astype(float),
        tracked.canonical_landmarks.astype(float),
        tracked.depth.astype(float),
        tracked.template,
    )
    footage = Footage(taken.frames, flat, motion.usable, taken.clip)
    poses = align_to(
        skin, footage, head, motion.poses, lambda n, total: progress("align", n, total)
    )
    result = replace(
        tracked,
        frames=taken.frames,
        sound=taken.sound,
        poses=poses.astype(np.float32),
        landmarks=flat,
        usable=motion.usable,
        clip=taken.clip,
        canonical=-1,
        aperture=lip_aperture(flat, taken.clip),
        crops=taken.crops,
    )
    result.save(workdir)
    return result


def _landmarks(taken: Ingested, cache: PhaseCache, progress: Progress) -> Array:
    """(F, 478, 3), NaN without a face."""
    total = len(taken.frames)

    def compute() -> dict[str, NDArray[np.float32]]:
        tracker = MediaPipeFaceMesh(_scale(taken))
        try:
            points = track_clips(
                tracker, taken.frames, taken.clip, lambda n: progress("landmarks", n, total)
            )
        finally:
            tracker.close()
        return {"points": points}

    key = chain(taken.key, "landmarks", VERSION)
    return cache.arrays("landmarks", key, compute)["points"].astype(float)


def _scale(taken: Ingested) -> int:
    from avatar.training.preprocess.face_detector import FaceDetector

    looks = taken.frames[:: max(len(taken.frames) // 20, 1)]
    with FaceDetector() as detector:
        sides = [boxes[:, 2].max() for boxes in map(detector.boxes, looks) if len(boxes)]
    return enlargement(float(np.median(sides))) if sides else 1


def _long_enough(usable: NDArray[np.bool_]) -> None:
    seconds = int(usable.sum()) / FPS
    if seconds < SHORTEST:
        raise AvatarError(
            f"only {seconds:.0f} s of usable face: give at least {SHORTEST:.0f} s, "
            "better some minutes"
        )


def _head_motion(
    taken: Ingested, points: Array, cache: PhaseCache, progress: Progress
) -> HeadMotion:
    def compute() -> dict[str, Array]:
        progress("head pose", 0, 1)
        height, width = taken.frames.shape[1:3]
        seen = np.isfinite(points[:, 0, 0])
        motion = follow_head(fit_head(points[seen], (width, height)), points, taken.clip, True)
        progress("head pose", 1, 1)
        return {
            "poses": motion.poses,
            "usable": motion.usable,
            "shape": motion.head.shape,
            "noise": motion.head.noise,
            "camera": np.array(
                [motion.head.camera.focal, motion.head.camera.cx, motion.head.camera.cy]
            ),
        }

    found = cache.arrays("head_pose", chain(taken.key, "head pose", VERSION), compute)
    head = RigidHead(Camera(*map(float, found["camera"])), found["shape"], found["noise"])
    return HeadMotion(head, found["poses"], found["usable"])


def _geometry(
    taken: Ingested, points: Array, motion: HeadMotion, cache: PhaseCache, progress: Progress
) -> TrackedVideo:
    """Canonical frame, texture alignment, masks and lip box."""
    head, usable = motion.head, motion.usable
    flat = np.nan_to_num(points[..., :2])
    aperture = lip_aperture(flat, taken.clip)
    canonical = choose_canonical(taken.frames, flat, motion.poses, aperture, usable)
    poses, skin = _aligned(taken, flat, motion, canonical, cache, progress)
    image, size = taken.frames[canonical], (taken.frames.shape[2], taken.frames.shape[1])
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
        face_mask=face_mask(skin.still, size, unit),
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
    partial = path.with_name("part-" + path.name)
    cv2.imwrite(str(partial), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    partial.replace(path)
