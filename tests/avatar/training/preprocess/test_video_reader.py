"""Frames come by their time stamps, upright, at 25 a second."""

import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from avatar.errors import AvatarError
from avatar.media.recording import recording_of
from avatar.training.preprocess.video_reader import SourceFrame, expected_pictures, read_pictures
from tests.avatar.training.preprocess.made_video import Image, write_video
from tests.sounds import tone, write_wav
from tests.support import need


def _grey(level: int) -> Image:
    return np.full((64, 96, 3), level, np.uint8)


def _pictures(path: Path) -> Iterator[SourceFrame]:
    return read_pictures(recording_of(path, None))


def _levels(path: Path) -> list[int]:
    return [round(float(picture.image.mean())) for picture in _pictures(path)]


def _turn(mp4: bytes) -> bytes:
    """The same file with the display matrix of a phone held upright: 90 degrees clockwise."""
    at = mp4.index(b"tkhd") + 44
    one = 1 << 16
    matrix = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)
    return mp4[:at] + matrix + mp4[at + 36 :]


def test_nearest_frame_of_a_faster_video_is_taken(tmp_path: Path) -> None:
    video = write_video(
        tmp_path / "v.mkv", [_grey(40 + 3 * n) for n in range(60)], [n / 50 for n in range(60)]
    )
    assert np.abs(np.array(_levels(video)) - (40 + 6 * np.arange(30))).max() <= 1


def test_uneven_time_stamps_decide_not_the_count(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.08, 0.40, 0.44, 0.48]
    video = write_video(tmp_path / "v.mkv", [_grey(40 * (n + 1)) for n in range(6)], times)
    expected = [40, 80, *[120] * 4, *[160] * 5, 200, 240]
    assert np.abs(np.array(_levels(video)) - expected).max() <= 2


def test_a_late_start_is_the_origin(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mkv", [_grey(100)] * 10, [1.5 + n / 25 for n in range(10)])
    assert next(_pictures(video)).seconds == pytest.approx(0, abs=1e-3)
    assert len(_levels(video)) == 10


def test_rotation_of_a_phone_is_undone(tmp_path: Path) -> None:
    need("ffmpeg")
    image = np.zeros((64, 96, 3), np.uint8)
    image[:, :48] = 200
    write_video(tmp_path / "v.mp4", [image] * 5)
    turned = tmp_path / "turned.mp4"
    turned.write_bytes(_turn((tmp_path / "v.mp4").read_bytes()))
    picture = "-frames:v 1 -f rawvideo -pix_fmt rgb24 -"
    command = ["ffmpeg", "-v", "error", "-i", str(turned), *picture.split()]
    by_ffmpeg = subprocess.run(command, check=True, capture_output=True).stdout
    frame = next(_pictures(turned)).image
    assert frame.shape == (96, 64, 3)
    upright = np.frombuffer(by_ffmpeg, np.uint8).reshape(96, 64, 3)
    assert np.abs(frame.astype(int) - upright).mean() < 3


def test_expected_pictures_are_about_right(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mkv", [_grey(9)] * 50)
    assert abs(expected_pictures(recording_of(video, None)) - 50) <= 2


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "note.mp4").write_text("not a video")
    with pytest.raises(AvatarError, match="cannot be read"):
        list(_pictures(tmp_path / "note.mp4"))


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(1))
    with pytest.raises(AvatarError, match="no pictures"):
        list(_pictures(tmp_path / "a.wav"))
