"""Cross-identity: another person's clip drives the speaker; do the two mouths move together?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.audio import SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.evaluation.lip_match import LipMatch, match_lips
from avatar.i420 import to_rgb
from avatar.media.sound_tracks import heard
from avatar.rendering.pipeline import Pipeline
from avatar.training.encoder.faces import videos_by_person
from avatar.training.encoder.lip_measures import Measures, lip_measures
from avatar.training.preprocess.filmed_face import filmed_face
from avatar.training.preprocess.landmark_tracker import LANDMARKS, LandmarkTracker
from avatar.training.preprocess.video_reader import expected_pictures

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Drive:
    """What the lips of a person did in a clip, and what the speaker's made of its sound."""

    person: str
    clip: str
    true: Measures
    made: Measures
    """(F, measures) both, frame by frame."""


@dataclass(frozen=True)
class Driven:
    """How one clip drove the speaker."""

    person: str
    clip: str
    frames: int
    match: LipMatch
    other_sound: LipMatch
    """The same lips beside those made of another clip's sound: what chance and a mouth that merely
    opens with any sound would have."""


def clips_of(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """Clips, and folders with a folder of clips for each person -> who talks, and where.

    Raises AvatarError for a folder that holds no clip.
    """
    found: list[tuple[str, Path]] = []
    for path in paths:
        if not path.is_dir():
            found.append((path.stem, path))
            continue
        people = videos_by_person(path)
        if not people:
            raise AvatarError(f"{path}: holds no videos; give clips, or folders of them")
        found += [(person, clip) for person, clips in people.items() for clip in clips]
    return found


def drive(
    pipeline: Pipeline,
    person: str,
    clip: Path,
    trackers: tuple[LandmarkTracker, LandmarkTracker],
    progress: Progress,
    audio_track: int | None = None,
) -> Drive:
    """Render the speaker by the sound of `clip` and look at the lips of both.

    `trackers` follow the face of the clip and that of the speaker.  Cuts do not matter here.
    """
    recording = heard(clip, audio_track)
    expected = expected_pictures(recording)
    sound, seen = filmed_face(
        recording, trackers[0], lambda n: progress(clip.name, n, max(n, expected))
    )
    total = len(seen)
    answered = follow(pipeline, sound, trackers[1], lambda n: progress("speaker", n, total))
    lips = [_lips(points, clip) for points in (seen, answered)]
    return Drive(person, clip.name, *lips)


def judge(drives: Sequence[Drive]) -> list[Driven]:
    """Each clip's lips beside those made of its sound, and beside those of the next one's."""
    return [
        Driven(
            one.person,
            one.clip,
            len(one.true),
            match_lips(one.true, one.made),
            _beside_other(one, drives[(index + 1) % len(drives)]),
        )
        for index, one in enumerate(drives)
    ]


def _beside_other(one: Drive, other: Drive) -> LipMatch:
    made = other.made if other is not one else np.roll(one.made, len(one.made) // 2, axis=0)
    length = min(len(one.true), len(made))
    return match_lips(one.true[:length], made[:length])


def _lips(points: NDArray[np.float32], clip: Path) -> Measures:
    """Raises AvatarError where there is no mouth that moves."""
    if not np.isnan(points[:, 0, 0]).all():
        lips = lip_measures(points)
        if lips[:, 0].std() > 1e-6:
            return lips
    raise AvatarError(f"{clip}: no moving mouth to compare with; give a clip of a speaking face")


def follow(
    pipeline: Pipeline,
    sound: NDArray[np.float32],
    tracker: LandmarkTracker,
    seen: Callable[[int], None],
) -> NDArray[np.float32]:
    """Landmarks (F, 478, 3) of the speaker driven by sound (640 F,)."""
    frames = len(sound) // SAMPLES_PER_FRAME
    points = np.full((frames, LANDMARKS, 3), np.nan, np.float32)
    chunks = np.pad(sound, (0, pipeline.lookahead * SAMPLES_PER_FRAME))
    stream = pipeline.open()
    tracker.start()
    for chunk in chunks.reshape(-1, SAMPLES_PER_FRAME):
        picture = pipeline.step([stream], [chunk])[0]
        if picture is None:
            continue
        found = tracker.track(to_rgb(picture.i420))
        if found is not None:
            points[picture.index] = found
        seen(picture.index + 1)
    return points
