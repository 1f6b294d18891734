"""Another clip drives a speaker: sound and pictures are paired frame by frame."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.errors import AvatarError
from avatar.evaluation.cross_identity import clips_of, drive, judge
from avatar.rendering.pipeline import Pipeline
from avatar.speakers.speaker import load_speaker
from avatar.training.preprocess.landmark_sets import (
    LEFT_EYE,
    LOWER_INNER_LIP,
    RIGHT_EYE,
    UPPER_INNER_LIP,
)
from tests.tiny_speaker import make_tiny_bundle

FRAMES = 60


class BrightnessTracker:
    """A mouth as wide open as one part of the picture is bright."""

    def __init__(self, rows: slice, columns: slice, gain: float = 1.0) -> None:
        self.part, self.gain = (rows, columns), gain
        self.seen: list[float] = []

    def start(self) -> None:
        self.seen.clear()

    def track(self, image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        points = np.zeros((478, 3), np.float32)
        self.seen.append(float(image[self.part].mean()))
        points[UPPER_INNER_LIP, 1] = -self.gain * self.seen[-1]
        points[LOWER_INNER_LIP, 1] = 10
        points[LEFT_EYE, 0], points[RIGHT_EYE, 0] = 80, 40
        return points


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = tmp_path_factory.mktemp("speakers") / "tiny"
    return Pipeline(load_speaker(make_tiny_bundle(folder)), "cpu")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grey picture that brightens and dims with its sound."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    level = np.abs(np.sin(np.arange(FRAMES) * 0.5))
    noise = np.random.default_rng(0).normal(0, 0.3, FRAMES * 640)
    sound = (noise * np.repeat(level, 640) * 32767).clip(-32768, 32767).astype(np.int16)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"crf": "10"})
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        voice = container.add_stream("aac", rate=16_000, layout="mono")
        for index, value in enumerate(level):
            grey = np.full((64, 64, 3), 40 + round(150 * value), np.uint8)
            frame = av.VideoFrame.from_ndarray(grey)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        samples = av.AudioFrame.from_ndarray(sound[None], format="s16", layout="mono")
        samples.sample_rate, samples.pts = 16_000, 0
        container.mux(voice.encode(samples))
        container.mux(voice.encode())
    return path


def silent(*_: object) -> None:
    pass


def test_every_frame_of_both_is_compared(pipeline: Pipeline, clip: Path) -> None:
    theirs = BrightnessTracker(slice(None), slice(None))
    ours = BrightnessTracker(slice(80, 104), slice(50, 78), gain=50.0)
    (found,) = judge([drive(pipeline, "bob", clip, (theirs, ours), silent)])
    assert (found.person, found.clip) == ("bob", "clip.mp4")
    assert len(theirs.seen) == len(ours.seen) == found.frames == FRAMES
    assert np.ptp(theirs.seen) > 100
    assert 0 < abs(found.match.aperture_r) <= 1
    assert abs(found.match.lag_ms) <= 180


def test_a_face_that_never_moves_is_refused(pipeline: Pipeline, clip: Path) -> None:
    still = BrightnessTracker(slice(None), slice(None), gain=0.0)
    with pytest.raises(AvatarError, match="no moving mouth"):
        drive(pipeline, "bob", clip, (still, still), silent)


def test_clips_of_a_folder_belong_to_the_person_it_is_named_after(tmp_path: Path) -> None:
    names = ("anna/1.mp4", "anna/2.MP4", "bob/1.mkv", "carol.mp4", "notes.txt")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    single = tmp_path / "bob/1.mkv"
    assert clips_of([single]) == [("1", single)]
    assert clips_of([tmp_path]) == [
        ("anna", tmp_path / "anna/1.mp4"),
        ("anna", tmp_path / "anna/2.MP4"),
        ("bob", single),
        ("carol", tmp_path / "carol.mp4"),
    ]


def test_a_folder_without_clips_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match="holds no videos"):
        clips_of([tmp_path])
