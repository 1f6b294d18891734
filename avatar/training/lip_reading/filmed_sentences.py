"""A folder of clips whose sentences are known: their mouths, tracked once and kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from avatar.audio import FPS
from avatar.errors import AvatarError
from avatar.files import replace_file
from avatar.media.recording import recording_of
from avatar.training.encoder.faces import VIDEOS
from avatar.training.lip_reading.filmed_mouths import mouths_of_frames
from avatar.training.lip_reading.mouth_crops import Crops
from avatar.training.lip_reading.spoken_words import Sentence
from avatar.training.preprocess.filmed_face import small_pictures

AFTER = FPS  # frames after the last word that are kept
LOOK_EVERY = 3  # frames: a head moves little in between
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
    pictures = islice(small_pictures(recording_of(video, None)), longest)
    mouths, _ = mouths_of_frames(np.stack([*pictures]), video, LOOK_EVERY)
    return mouths
