"""The face mesh on a real picture, without its libraries' chatter."""

import os
from pathlib import Path

import numpy as np
import pytest

from avatar.training.preprocess.landmark_tracker import LANDMARKS, MediaPipeFaceMesh
from avatar.training.preprocess.video_reader import read_frames
from tests.support import need

REFERENCE = Path(__file__).parents[4] / "trained_speakers/demo/reference.mp4"


def test_a_face_is_found_and_nothing_else_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    need("mediapipe")
    face = next(read_frames(REFERENCE))
    tracker = MediaPipeFaceMesh()
    for _ in range(2):
        tracker.start()
        points = tracker.track(face)
        assert points is not None
        assert points.shape == (LANDMARKS, 3)
        assert tracker.track(np.zeros_like(face)) is None
    tracker.close()
    os.write(2, b"heard again")
    assert capfd.readouterr().err == "heard again"
