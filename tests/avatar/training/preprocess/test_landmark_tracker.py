"""The face mesh on a real picture, without its libraries' chatter."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from avatar.errors import AvatarError
from avatar.media.recording import recording_of
from avatar.training.preprocess.face_detector import FaceDetector
from avatar.training.preprocess.landmark_tracker import (
    LANDMARKS,
    MediaPipeFaceMesh,
    need_face_tracker,
)
from avatar.training.preprocess.masks import head_mask
from avatar.training.preprocess.native_silence import native_silence
from avatar.training.preprocess.video_reader import read_pictures
from tests.support import need

REFERENCE = Path(__file__).parents[4] / "trained_speakers/demo/reference.mp4"


def test_a_face_is_found_and_nothing_else_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    need("mediapipe")
    face = next(read_pictures(recording_of(REFERENCE, None))).image
    tracker = MediaPipeFaceMesh()
    for _ in range(2):
        tracker.start()
        points = tracker.track(face)
        assert points is not None
        assert points.shape == (LANDMARKS, 3)
        assert tracker.track(np.zeros_like(face)) is None
    tracker.close()
    with FaceDetector() as detector:
        assert len(detector.boxes(face)) == 1
        assert len(detector.boxes(np.zeros_like(face))) == 0
    assert head_mask(face, points[:, :2], 80).max() == 1
    os.write(2, b"heard again")
    assert capfd.readouterr().err == "heard again"


def test_a_traceback_in_the_silence_is_not_swallowed(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with native_silence():
            os.write(2, b"unheard")
            raise ValueError("a fault of its own")

    with pytest.raises(ValueError, match="of its own"):
        fail()
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


@pytest.mark.parametrize(
    ("python", "advice"),
    [((3, 12), r"pip install .*\[train\]"), ((3, 14), "need Python 3.11 or 3.12")],
)
def test_without_it_one_line_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, python: tuple[int, int], advice: str
) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(AvatarError, match=advice):
        need_face_tracker(python)
