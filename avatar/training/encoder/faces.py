"""A folder of people who talk on film, a folder for each: tracked, and kept as they were seen.

What cannot teach is left out, and it is said why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.audio import FPS
from avatar.errors import AvatarError
from avatar.files import replace_file
from avatar.media.recording import Recording
from avatar.media.samples import Samples
from avatar.media.sound_tracks import heard
from avatar.models.speech_encoder import SpeechEncoder
from avatar.training.encoder.face_shards import Person, find_sync
from avatar.training.encoder.lip_measures import MEASURES, Measures, lip_measures
from avatar.training.preprocess.filmed_face import filmed_face, small_pictures
from avatar.training.preprocess.landmark_tracker import MediaPipeFaceMesh, enlargement

VIDEOS = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".webm"})
LOOK_EVERY, LOOKED_AT = 15, 300  # frames of a clip that tell how large its face is
LEAST_FRAMES = FPS  # of a clip
LEAST_SECONDS = 10.0  # of a person
LOST = 0.2  # share of frames without a face that a clip may have
SMALLEST_FACE = 50  # px across
STILL = 0.01  # spread of an aperture, over the eye distance, below which lips do not speak

Seen = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Rejected:
    """A clip or a person that nothing is learned from."""

    what: str
    why: str


def read_people(folder: Path, kept: Path, seen: Seen) -> tuple[list[Person], list[Rejected]]:
    """Everybody in `folder` of whom there is enough; clips tracked once lie in `kept`.

    Raises AvatarError if no folder in it holds a video.
    """
    clips = videos_by_person(folder)
    if not clips:
        raise AvatarError(f"{folder}: holds no folders of videos; give one with a folder a person")
    people, rejected = [], []
    done, total = 0, sum(map(len, clips.values()))
    for name, paths in clips.items():
        sounds, lips = [], []
        for path in paths:
            found = _tracked(path, kept / name / f"{path.stem}.npz")
            if isinstance(found, str):
                rejected.append(Rejected(f"{name}/{path.name}", found))
            else:
                sounds.append(found[0])
                lips.append(found[1])
            done += 1
            seen("faces", done, total)
        person = Person(name, sounds, lips)
        if person.seconds < LEAST_SECONDS:
            why = f"{person.seconds:.0f} s of talk are left; give {LEAST_SECONDS:.0f} s or more"
            rejected.append(Rejected(name, why))
        else:
            people.append(person)
    return people, rejected


def in_step(
    people: Sequence[Person], encoder: SpeechEncoder
) -> tuple[list[tuple[Person, float]], list[Rejected]]:
    """Each with the frames by which the sound comes late, and those whose lips follow no sound."""
    found, rejected = [], []
    for person in people:
        sync = find_sync(person, encoder)
        if sync.found:
            found.append((person, sync.offset))
        else:
            why = f"the lips do not follow the sound (r {sync.evidence:.2f} at best)"
            rejected.append(Rejected(person.name, why))
    return found, rejected


def videos_by_person(folder: Path) -> dict[str, list[Path]]:
    """Videos of a folder's folders, each of them a person; in itself, each of them a video."""
    places = sorted(path for path in folder.iterdir() if path.is_dir() or _is_video(path))
    found = {
        place.stem if _is_video(place) else place.name: [place]
        if _is_video(place)
        else sorted(filter(_is_video, place.rglob("*")))
        for place in places
    }
    return {name: videos for name, videos in found.items() if videos}


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEOS and path.is_file()


def _tracked(video: Path, kept: Path) -> tuple[Samples, Measures] | str:
    """Sound and lips of one clip, or why there are none; read from `kept` if it is newer."""
    if not kept.exists() or kept.stat().st_mtime < video.stat().st_mtime:
        try:
            found = _track(video)
        except AvatarError as error:
            return str(error).removeprefix(f"{video} ")
        with replace_file(kept) as path:
            np.savez(path, **found)
    with np.load(kept, allow_pickle=False) as arrays:
        if why := str(arrays["why"]):
            return why
        return arrays["sound"].astype(np.float32) / 32767, arrays["lips"]


def _track(video: Path) -> dict[str, NDArray[np.generic]]:
    """What is kept of a clip: its sound (640 F,), lips (F, measures), and what is wrong with it."""
    recording = heard(video)
    width = _face_width(recording)
    why = "" if width >= SMALLEST_FACE else _too_small(width)
    sound, lips = np.zeros(0, np.float32), np.zeros((0, len(MEASURES)), np.float32)
    if not why:
        with closing(MediaPipeFaceMesh(enlargement(width))) as tracker:
            sound, points = filmed_face(recording, tracker, lambda _: None)
        why = _unfit(points)
        if not why:
            lips = lip_measures(points)
            why = "the lips do not move" if lips[:, 0].std() < STILL else ""
    pcm = np.asarray(np.clip(sound, -1, 1) * 32767, np.int16)
    return {"sound": pcm, "lips": lips, "why": np.array(why)}


def _too_small(width: float) -> str:
    return f"the face is {width:.0f} px across; {SMALLEST_FACE} are needed" if width else "no face"


def _unfit(points: NDArray[np.float32]) -> str:
    if len(points) < LEAST_FRAMES:
        return f"shorter than {LEAST_FRAMES / FPS:.0f} s"
    lost = float(np.isnan(points[:, 0, 0]).mean())
    return f"no face in {lost:.0%} of its frames" if lost > LOST else ""


def _face_width(recording: Recording) -> float:
    """Median over some of the first frames in px; 0 without a face."""
    with closing(MediaPipeFaceMesh()) as tracker:
        tracker.start()
        looked_at = islice(small_pictures(recording), 0, LOOKED_AT, LOOK_EVERY)
        found = [tracker.track(frame) for frame in looked_at]
    widths = [float(np.ptp(points[:, 0])) for points in found if points is not None]
    return float(np.median(widths)) if widths else 0.0
