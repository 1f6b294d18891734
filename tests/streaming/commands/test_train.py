"""`avatar train`: what is wrong is said in one line, with exit code 2."""

import sys
from pathlib import Path

import pytest

from streaming import cli
from tests.support import need


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["avatar", "train", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return int(str(stop.value.code))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--name", "anna"], "needs the person's consent"),
        (["--name", "An na", "--consent", "Anna, 3 May"], "is no speaker's name"),
        (["--name", "anna", "--consent", "Anna, 3 May", "--budget", "soon"], "--budget 'soon'"),
        (
            ["--name", "anna", "--consent", "Anna, 3 May", "--budget", "9s", "--steps", "3"],
            "not both",
        ),
    ],
)
def test_mistakes_end_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    complaint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v.mp4").write_bytes(b"")
    assert run(monkeypatch, "v.mp4", *arguments) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1
    assert "Traceback" not in said
    assert not (tmp_path / "work").exists()


def test_a_file_that_is_no_video_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    need("mediapipe")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v.mp4").write_bytes(b"this is not a video")
    code = run(monkeypatch, "v.mp4", "--name", "anna", "--consent", "Anna, 3 May 2026")
    said = capsys.readouterr().err
    assert code == 2
    assert "v.mp4" in said
    assert "Traceback" not in said
