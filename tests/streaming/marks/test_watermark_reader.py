"""The watermark as it is read, from real files that FFmpeg wrote and changed."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.errors import AvatarError
from streaming.benchmark.watermark_attacks import VP8, Attack, carry_out
from streaming.marks.pattern import another_key
from streaming.marks.payload import Payload, speaker_hash
from streaming.marks.verify import look_for_watermark, verify
from streaming.marks.watermark import Watermark
from streaming.marks.watermark_reader import RATE, WatermarkReader
from tests.streaming.support.scenery import I420, scenery

PAYLOAD = Payload(speaker_hash("demo"), date(2026, 8, 2))


@pytest.fixture(scope="module")
def plain() -> list[I420]:
    return scenery(52)


@pytest.fixture(scope="module")
def marked(plain: list[I420]) -> list[I420]:
    watermark = Watermark(PAYLOAD)
    return [watermark(picture) for picture in plain]


@pytest.mark.parametrize(
    ("attack", "scale", "mirrored"),
    [
        (Attack("x264", bitrate=200_000), 1, False),
        (Attack("vp8", codec=VP8, bitrate=300_000), 1, False),
        (Attack("half", "scale=192:192", bitrate=200_000), 0.5, False),
        (Attack("double", "scale=768:768"), 2, False),
        (Attack("odd", "scale=278:278"), 278 / 384, False),
        (Attack("mirrored", "hflip"), 1, True),
        (Attack("cropped", "crop=260:240:71:33"), 1, False),
        (Attack("boxed", "pad=640:480:-1:-1"), 1, False),
        (Attack("rate", "fps=30", fps=30), 1, False),
    ],
    ids=lambda value: value.name if isinstance(value, Attack) else "",
)
def test_the_mark_is_read_after(
    attack: Attack, scale: float, mirrored: bool, marked: list[I420], tmp_path: Path
) -> None:
    carry_out(attack, marked, tmp_path / "film.mkv")
    finding = look_for_watermark(tmp_path / "film.mkv")
    assert finding.payload == PAYLOAD
    assert finding.geometry
    assert finding.geometry.scale == pytest.approx(scale, rel=0.02)
    assert finding.geometry.mirrored == mirrored


def test_nothing_is_found_where_nothing_is(plain: list[I420], tmp_path: Path) -> None:
    carry_out(Attack("x264"), plain, tmp_path / "film.mkv")
    finding = look_for_watermark(tmp_path / "film.mkv")
    assert not finding.found
    assert finding.score < 6
    assert finding.windows == 2


def test_nothing_is_found_with_another_key(marked: list[I420], tmp_path: Path) -> None:
    carry_out(Attack("x264"), marked, tmp_path / "film.mkv")
    assert not look_for_watermark(tmp_path / "film.mkv", key=another_key(0)).found


def squares(number: int, side: int) -> NDArray[np.uint8]:
    """A chequerboard that moves, (240, 320)."""
    rows, columns = np.mgrid[:240, :320]
    odd = ((columns + number // 2) // side + (rows + number // 3) // side) % 2
    return (80 + 90 * odd).astype(np.uint8)


@pytest.mark.parametrize(
    ("side", "key"),
    [(6, 934), (4, 36), (3, 13)],  # keys to which they look alike by their corners
)
def test_squares_as_large_as_the_marks_cells_are_no_mark(side: int, key: int) -> None:
    reader = WatermarkReader(another_key(key))
    for number in range(10):
        reader.add(number / RATE, squares(number, side))
    reader.flush(2)
    assert not reader.finding.found
    assert reader.finding.score < 6


def test_where_in_a_video_the_mark_begins(
    plain: list[I420], marked: list[I420], tmp_path: Path
) -> None:
    carry_out(Attack("x264"), plain[:50] + marked[:50] * 2, tmp_path / "film.mkv")
    finding = look_for_watermark(tmp_path / "film.mkv")
    assert (finding.windows, finding.marked) == (3, 2)
    assert finding.begins == pytest.approx(2, abs=0.1)
    assert finding.ends == pytest.approx(6, abs=0.3)


def test_what_was_found_is_told_in_words_and_values(marked: list[I420], tmp_path: Path) -> None:
    carry_out(Attack("x264"), marked, tmp_path / "film.mkv")
    found = verify(tmp_path / "film.mkv").named(["anna", "demo"])
    assert found.found
    assert found.values()["watermark"]["payload"]["day"] == "2026-08-02"
    assert "speaker demo" in found.words()[0]


def test_an_open_file_is_read_as_well(marked: list[I420], tmp_path: Path) -> None:
    carry_out(Attack("x264"), marked, tmp_path / "film.mkv")
    with (tmp_path / "film.mkv").open("rb") as file:
        assert verify(file).found


def test_a_playlist_cannot_lead_elsewhere(marked: list[I420], tmp_path: Path) -> None:
    carry_out(Attack("x264"), marked, tmp_path / "film.mkv")
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:2,\nfilm.mkv\n#EXT-X-ENDLIST\n")
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile film.mkv\n")
    for name in ("list.m3u8", "list.mp4"):
        with pytest.raises(AvatarError, match="cannot be read as video"):
            verify(tmp_path / name)
