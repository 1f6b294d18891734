"""Cross-identity: another person's clip drives the speaker; do the two mouths move together?"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.audio import FPS, LOOKAHEAD_FRAMES, SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.evaluation.lip_aperture import aperture_correlation
from avatar.i420 import to_rgb
from avatar.media.sound_tracks import heard
from avatar.rendering.pipeline import Pipeline
from avatar.training.preprocess.canonical_frame import lip_aperture
from avatar.training.preprocess.filmed_face import filmed_face
from avatar.training.preprocess.landmark_tracker import LANDMARKS, LandmarkTracker
from avatar.training.preprocess.video_reader import expected_pictures

MAX_LAG = 4  # frames

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Driven:
    """How one clip drove the speaker."""

    clip: str
    frames: int
    aperture_r: float
    lag_ms: float  # positive: the speaker's mouth is late


def drive(
    pipeline: Pipeline,
    clip: Path,
    trackers: tuple[LandmarkTracker, LandmarkTracker],
    progress: Progress,
    audio_track: int | None = None,
) -> Driven:
    """Render the speaker by the sound of `clip` and compare lip apertures.

    `trackers` follow the face of the clip and that of the speaker.  Cuts do not matter here.
    """
    recording = heard(clip, audio_track)
    expected = expected_pictures(recording)
    sound, true = filmed_face(
        recording, trackers[0], lambda n: progress(clip.name, n, max(n, expected))
    )
    total = len(true)
    made = follow(pipeline, sound, trackers[1], lambda n: progress("speaker", n, total))
    r, lag = aperture_correlation(apertures(true), apertures(made), MAX_LAG)
    if not r:
        raise AvatarError(
            f"{clip}: no moving mouth to compare with; give a clip of a speaking face"
        )
    return Driven(clip.name, total, r, lag * 1000 / FPS)


def follow(
    pipeline: Pipeline,
    sound: NDArray[np.float32],
    tracker: LandmarkTracker,
    seen: Callable[[int], None],
) -> NDArray[np.float32]:
    """Landmarks (F, 478, 3) of the speaker driven by sound (640 F,)."""
    frames = len(sound) // SAMPLES_PER_FRAME
    points = np.full((frames, LANDMARKS, 3), np.nan, np.float32)
    chunks = np.pad(sound, (0, LOOKAHEAD_FRAMES * SAMPLES_PER_FRAME)).reshape(-1, SAMPLES_PER_FRAME)
    stream = pipeline.open()
    tracker.start()
    for chunk in chunks:
        picture = pipeline.step([stream], [chunk])[0]
        if picture is None:
            continue
        found = tracker.track(to_rgb(picture.i420))
        if found is not None:
            points[picture.index] = found
        seen(picture.index + 1)
    return points


def apertures(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lip apertures (F,) from landmarks (F, 478, 3); NaN where no face was found."""
    found = lip_aperture(np.nan_to_num(points[..., :2]), np.zeros(len(points), np.int32))
    found[np.isnan(points[:, 0, 0])] = np.nan
    return found
