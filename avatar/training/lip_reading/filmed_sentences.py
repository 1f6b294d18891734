"""A folder of clips whose sentences are known: their mouths, tracked once and kept."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.audio import FPS
from avatar.errors import AvatarError
from avatar.files import replace_file
from avatar.media.recording import recording_of
from avatar.training.encoder.faces import VIDEOS
from avatar.training.lip_reading.mouth_crops import Crops, mouth_crop, mouth_placement
from avatar.training.lip_reading.spoken_words import Sentence
from avatar.training.preprocess.filmed_face import small_pictures
from avatar.training.preprocess.landmark_tracker import (
    LandmarkTracker,
    MediaPipeFaceMesh,
    enlargement,
    track_clips,
)

AFTER = FPS  # frames after the last word that are kept
LOST = 0.2  # share of frames without a face that a clip may have
FEWEST = 20  # clips, to learn from and to be judged on

Seen = Callable[[str, int, int], None]


@dataclass(frozen=True)
class FilmedSentence:
    """One clip: what the mouth did, and what it said."""

    name: str
    mouths: Crops
    """(F, *CROP)."""
    words: Sentence


def filmed_sentences(
    folder: Path, sentences: Mapping[str, Sentence], kept: Path, seen: Seen
) -> tuple[list[FilmedSentence], list[str]]:
    """The clips of `folder` whose sentences are known, and what is said of those left out.

    Mouths that were cut once lie in `kept`.  Raises AvatarError if there are too few.
    """
    videos = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in VIDEOS}
    known = [name for name in videos if name in sentences]
    unknown = len(videos) - len(known)
    left_out = [f"{unknown} clips whose words are not known"] if unknown else []
    clips = []
    for number, name in enumerate(known, start=1):
        try:
            mouths = _mouths(videos[name], sentences[name], kept / f"{name}.npz")
            clips.append(FilmedSentence(name, mouths, sentences[name]))
        except AvatarError as error:
            left_out.append(str(error))
        seen("mouths", number, len(known))
    if len(clips) < FEWEST:
        why = f" ({left_out[0]})" if left_out else ""
        raise AvatarError(f"{folder}: {len(clips)} clips to learn from, {FEWEST} are needed{why}")
    return clips, left_out


def _mouths(video: Path, words: Sentence, kept: Path) -> Crops:
    if not kept.exists() or kept.stat().st_mtime < video.stat().st_mtime:
        mouths = _cut(video, int(words[-1].end) + AFTER)
        with replace_file(kept) as path:
            np.savez(path, mouths=mouths)
    with np.load(kept, allow_pickle=False) as arrays:
        return np.asarray(arrays["mouths"], np.uint8)


def _cut(video: Path, longest: int) -> Crops:
    frames = np.stack([*islice(small_pictures(recording_of(video, None)), longest)])
    landmarks = _landmarks(frames)
    lost = float(np.isnan(landmarks[:, 0, 0]).mean())
    if lost > LOST:
        raise AvatarError(f"{video}: no face in {lost:.0%} of its frames")
    return np.stack([*map(mouth_crop, frames, mouth_placement(landmarks))])


def _landmarks(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Tracked as they are first, to know how large the face is."""
    with closing(MediaPipeFaceMesh()) as tracker:
        width = _face_width(tracker, frames[0])
    with closing(MediaPipeFaceMesh(enlargement(width))) as tracker:
        clip = np.zeros(len(frames), np.int32)
        return track_clips(tracker, frames, clip, lambda _: None)


def _face_width(tracker: LandmarkTracker, frame: NDArray[np.uint8]) -> float:
    tracker.start()
    found = tracker.track(frame)
    return 1.0 if found is None else float(np.ptp(found[:, 0]))
