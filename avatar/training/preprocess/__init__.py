"""From videos of a speaker to a tracked head: crop, landmarks, poses, geometry, masks."""

from avatar.training.preprocess.preprocess import preprocess, track_with
from avatar.training.preprocess.tracked_video import TrackedVideo

__all__ = ["TrackedVideo", "preprocess", "track_with"]
