"""Sound stands beside the pictures by its time stamps."""

from pathlib import Path

import numpy as np
import pytest

from avatar.errors import AvatarError
from avatar.media.sound_tracks import heard
from avatar.training.preprocess.clip_sound import read_voice
from avatar.training.preprocess.video_reader import Clip, count_picture, read_pictures
from tests.avatar.training.preprocess.made_video import RATE, Image, write_video
from tests.sounds import tone


def _beside(video: Path) -> np.ndarray:
    """The sound beside all pictures of a video on one clock."""
    clips: list[Clip] = []
    for picture in read_pictures(heard(video)):
        count_picture(clips, picture)
    (clip,) = clips
    return read_voice(heard(video)).beside(clip)


def _frames(count: int) -> list[Image]:
    return [np.full((64, 64, 3), 90, np.uint8)] * count


def _click(seconds: float, at: float) -> np.ndarray:
    sound = np.zeros(round(seconds * RATE), np.float32)
    sound[round(at * RATE)] = 0.9
    return sound


@pytest.mark.parametrize("start", [0.0, 0.2])
def test_a_click_is_where_its_time_stamp_says(tmp_path: Path, start: float) -> None:
    video = write_video(tmp_path / "v.mkv", _frames(50), None, _click(1.7, 1.0), start)
    sound = _beside(video)
    assert abs(int(np.argmax(np.abs(sound))) - round((1.0 + start) * RATE)) <= 16


def test_a_late_picture_moves_the_sound(tmp_path: Path) -> None:
    times = [0.5 + n / 25 for n in range(50)]
    video = write_video(tmp_path / "v.mkv", _frames(50), times, _click(2.5, 1.0))
    sound = _beside(video)
    assert abs(int(np.argmax(np.abs(sound))) - round(0.5 * RATE)) <= 16


def test_frames_without_sound_are_left_out(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mkv", _frames(50), None, tone(1.0, RATE))
    assert len(_beside(video)) == 27 * 640


def test_no_sound_is_refused(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mkv", _frames(10))
    with pytest.raises(AvatarError, match="no sound"):
        _beside(video)


def test_silence_is_refused(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mkv", _frames(10), None, np.zeros(RATE, np.float32))
    with pytest.raises(AvatarError, match="silent"):
        _beside(video)
