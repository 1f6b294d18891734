"""`avatar verify`: words, values and exit codes."""

import json
import sys
from pathlib import Path

import pytest

from streaming import cli
from streaming.benchmark.watermark_attacks import Attack, carry_out
from streaming.marks.payload import Payload
from streaming.marks.watermark import Watermark
from tests.streaming.support.scenery import scenery


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["avatar", "verify", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_a_marked_film_is_found_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    watermark = Watermark(Payload.today("demo"))
    film = tmp_path / "film.mkv"
    carry_out(Attack("x264"), map(watermark, scenery(52)), film)
    assert run(monkeypatch, str(film), "--json") == 0
    values = json.loads(capsys.readouterr().out)
    assert values["watermark"]["payload"]["speaker"] == "demo"
    assert values["watermark"]["confidence"] == "certain"


def test_an_unmarked_film_is_told_by_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    film = tmp_path / "film.mkv"
    carry_out(Attack("x264"), scenery(30), film)
    assert run(monkeypatch, str(film)) == 3
    assert "none found" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"no video", bytes(range(256)) * 40])
def test_what_is_no_video_is_refused_in_one_line(
    content: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(content)
    assert run(monkeypatch, str(film)) == 2
    assert "cannot be read as video" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "nowhere.mp4") == 2
    assert "nowhere.mp4: there is no such file" in capsys.readouterr().err
