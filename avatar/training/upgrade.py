"""What newer versions find in a speaker's own reference video, for bundles made before them."""

from dataclasses import replace

import numpy as np
import torch

from avatar.errors import AvatarError
from avatar.files import replace_file
from avatar.i420 import to_rgb
from avatar.speakers.bundle import sha256
from avatar.speakers.card import EYES, FileRecord, write_card
from avatar.speakers.eyes import Eyes, write_eyes
from avatar.speakers.speaker import Speaker, load_speaker
from avatar.training.blinks import eye_openness, find_eyes
from avatar.training.preprocess.landmark_tracker import LandmarkTracker, track_clips
from avatar.training.preprocess.progress import Progress


def find_own_eyes(speaker: Speaker, tracker: LandmarkTracker, progress: Progress) -> Eyes | None:
    """How the speaker blinks in the reference video; None if that shows no blink."""
    frames = np.stack([to_rgb(picture) for picture in speaker.reference()])
    clip = np.zeros(len(frames), np.int32)
    landmarks = track_clips(
        tracker, frames, clip, lambda done: progress("eyes", done, len(frames))
    )[..., :2]
    usable = np.isfinite(landmarks).all(axis=(1, 2))
    if not usable.any():
        raise AvatarError(f"{speaker.name}: no face is found in its reference video")
    openness = torch.from_numpy(eye_openness(landmarks, usable)).float()
    poses = speaker.track.poses
    return find_eyes(frames, landmarks, poses, usable, clip, speaker.canonical, openness)


def add_eyes(speaker: Speaker, eyes: Eyes) -> None:
    """Write them into the bundle, or in place of those that it had."""
    folder, path = speaker.folder, speaker.folder / EYES
    with replace_file(path) as temporary:
        write_eyes(temporary, eyes)
        temporary.chmod(0o644)  # safetensors keeps its files to itself
    record = FileRecord(EYES, path.stat().st_size, sha256(path))
    others = tuple(file for file in speaker.card.files if file.name != EYES)
    write_card(folder, replace(speaker.card, files=(*others, record)))
    load_speaker(folder)
