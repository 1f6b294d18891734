"""The phases in their order, each kept in the working folder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.audio import FPS
from avatar.errors import AvatarError
from avatar.models.warp import Camera
from avatar.training.preprocess.canonical_frame import lip_aperture
from avatar.training.preprocess.canonical_space import canonical_space
from avatar.training.preprocess.face_detector import FaceDetector
from avatar.training.preprocess.footage import CanonicalSkin, Footage
from avatar.training.preprocess.geometry import Array
from avatar.training.preprocess.head_pose import HeadMotion, follow_head
from avatar.training.preprocess.ingest import Ingested, ingest
from avatar.training.preprocess.landmark_tracker import (
    MediaPipeFaceMesh,
    enlargement,
    track_clips,
)
from avatar.training.preprocess.phase_cache import PhaseCache, chain
from avatar.training.preprocess.pose_refinement import align_to
from avatar.training.preprocess.progress import Progress, silent
from avatar.training.preprocess.rigid_head import RigidHead, fit_head
from avatar.training.preprocess.tracked_video import TrackedVideo

VERSION = 2
SHORTEST = 20.0  # s of usable face


def preprocess(
    videos: list[Path],
    workdir: Path,
    progress: Progress = silent,
    audio_track: int | None = None,
) -> TrackedVideo:
    """Track a speaker in one or several videos; `workdir` keeps every phase and the result.

    `audio_track`: which of several sound tracks is the speaker's, from 1.  Raises AvatarError for
    videos that cannot be learned from, saying what to do.
    """
    taken = ingest(videos, workdir, progress, audio_track=audio_track)
    cache = PhaseCache(workdir)
    points = _landmarks(taken, cache, progress)
    seen = np.isfinite(points[:, 0, 0])
    _long_enough(seen)
    motion = _head_motion(taken, points, cache, progress)
    _long_enough(motion.usable)
    tracked = canonical_space(taken, points, motion, cache, progress)
    tracked.save(workdir)
    return tracked


def track_with(
    tracked: TrackedVideo,
    videos: list[Path],
    workdir: Path,
    progress: Progress = silent,
    with_sound: bool = True,
    audio_track: int | None = None,
) -> TrackedVideo:
    """Track more videos of the same speaker in the canonical space of `tracked`.

    Camera, shape, canonical frame, depth, boxes and masks are those of `tracked`.
    """
    taken = ingest(videos, workdir, progress, tracked.crops, with_sound, audio_track)
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
