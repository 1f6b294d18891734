"""`avatar train-encoder`: what a user may get wrong is said in one line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from avatar.errors import AvatarError
from streaming.cli import app
from streaming.commands.train_encoder import _seconds


@pytest.mark.parametrize(("budget", "seconds"), [("90s", 90), ("1.5m", 90), ("2h", 7200)])
def test_a_budget_is_a_time(budget: str, seconds: float) -> None:
    assert _seconds(budget) == seconds


@pytest.mark.parametrize("budget", ["60", "m", "-5m", "1d", ""])
def test_what_is_no_time_is_refused(tmp_path: Path, budget: str) -> None:
    command = ["train-encoder", str(tmp_path), "--out", str(tmp_path / "out"), f"--budget={budget}"]
    error = CliRunner().invoke(app, command).exception
    assert isinstance(error, AvatarError)
    assert "90s, 60m or 2h" in str(error)


def test_a_folder_without_speech_is_refused(tmp_path: Path) -> None:
    command = ["train-encoder", str(tmp_path), "--out", str(tmp_path / "out")]
    error = CliRunner().invoke(app, command).exception
    assert isinstance(error, AvatarError)
    assert "holds no .tsv" in str(error)


def test_a_teacher_without_lips_to_learn_from_is_refused(tmp_path: Path) -> None:
    command = ["train-encoder", str(tmp_path), "--out", str(tmp_path / "out"), "--teacher", "base"]
    error = CliRunner().invoke(app, command).exception
    assert isinstance(error, AvatarError)
    assert "give --faces too" in str(error)
