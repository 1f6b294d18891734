"""`avatar train-reader`, `avatar train-sync` and their judges: mistakes are said in one line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from avatar.errors import AvatarError
from streaming.cli import app
from tests.support import need


def complaint(*arguments: object) -> str:
    error = CliRunner().invoke(app, [*map(str, arguments)]).exception
    assert isinstance(error, AvatarError)
    assert "\n" not in str(error)
    return str(error)


def test_clips_without_words_are_refused(tmp_path: Path) -> None:
    said = complaint("train-reader", tmp_path, "--out", tmp_path / "reader")
    assert "holds no words.tsv and no .align files" in said


def test_too_few_clips_are_refused(tmp_path: Path) -> None:
    need("mediapipe")
    (tmp_path / "words.tsv").write_text("clip\twords\nx\ta:1-2 b:2-3 c:3-4 d:4-5 e:5-6 f:6-7\n")
    (tmp_path / "x.mp4").write_bytes(b"no video")
    out, work = tmp_path / "reader", tmp_path / "work"
    said = complaint("train-reader", tmp_path, "--out", out, "--work", work)
    assert "0 clips to learn from, 20 are needed" in said
    assert "x.mp4" in said
    assert not out.exists()


def test_people_without_folders_are_refused(tmp_path: Path) -> None:
    need("mediapipe")
    said = complaint("train-sync", tmp_path, "--out", tmp_path / "sync")
    assert "holds no folders of videos" in said


@pytest.mark.parametrize(
    "judge",
    [["--readability", "r"], ["--sync-expert", "s"], ["--readability", "r", "--words", "w"]],
)
def test_judges_need_videos(judge: list[str]) -> None:
    assert "judge videos: give some" in complaint("evaluate", "demo", "--held-out", *judge)


def test_a_reader_needs_to_know_what_is_said(tmp_path: Path) -> None:
    said = complaint("evaluate", "demo", tmp_path / "v.mp4", "--readability", tmp_path / "r")
    assert "(--words)" in said


@pytest.mark.parametrize("judge", ["--readability", "--sync-expert"])
def test_a_file_that_is_no_judge_is_refused(tmp_path: Path, judge: str) -> None:
    (tmp_path / "judge").write_bytes(b"\x00" * 40)
    (tmp_path / "words.tsv").write_text("clip\twords\nv\ta:1-2 b:2-3 c:3-4 d:4-5 e:5-6 f:6-7\n")
    said = complaint(
        "evaluate", "demo", tmp_path / "v.mp4", judge, tmp_path / "judge", "--words", tmp_path
    )
    assert "not what avatar train-" in said
