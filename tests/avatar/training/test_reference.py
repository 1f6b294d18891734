"""The reference loops where pose and look meet, and runs forth and back where they never do."""

from dataclasses import replace

import numpy as np
import pytest

from avatar.errors import AvatarError
from avatar.training.preprocess.tracked_video import TrackedVideo
from avatar.training.reference import choose_reference
from tests.avatar.training.made_video import made_video


def _swaying(tracked: TrackedVideo, period: float) -> TrackedVideo:
    """The head sways with this period (frames); the picture shows a bar that sways with it."""
    count = len(tracked.frames)
    phase = 2 * np.pi * np.arange(count) / period
    poses = tracked.poses.copy()
    poses[:, 3] += 0.05 * np.sin(phase)
    poses[:, 4] += 0.05 * np.cos(phase)
    frames = np.array(tracked.frames)
    for frame, angle in zip(frames, phase, strict=True):
        frame[:12] = 0
        column = round(30 + 20 * np.sin(angle))
        frame[:12, column : column + 10] = round(150 + 100 * np.cos(angle))
    return replace(tracked, frames=frames, poses=poses)


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> TrackedVideo:
    return made_video(tmp_path_factory.mktemp("speaker"))


def test_a_loop_of_the_period_is_found(tracked: TrackedVideo) -> None:
    chosen = choose_reference(_swaying(tracked, 70), 2.4)
    assert np.all(np.diff(chosen) == 1)
    assert abs(len(chosen) - 70) <= 2


def test_without_a_seam_it_runs_forth_and_back(tracked: TrackedVideo) -> None:
    drifting = _swaying(tracked, 1000)
    chosen = choose_reference(drifting, 4)
    steps = np.diff([*chosen, chosen[0]])
    assert set(np.abs(steps)) == {1}
    assert steps.sum() == 0


def test_unusable_frames_are_left_out(tracked: TrackedVideo) -> None:
    usable = np.ones(len(tracked.frames), bool)
    usable[60:70] = False
    chosen = choose_reference(replace(_swaying(tracked, 55), usable=usable), 2.2)
    assert not set(chosen) & set(range(60, 70))


def test_no_two_usable_frames_are_refused(tracked: TrackedVideo) -> None:
    usable = np.zeros(len(tracked.frames), bool)
    usable[7] = True
    with pytest.raises(AvatarError, match="no two frames"):
        choose_reference(replace(tracked, usable=usable))
