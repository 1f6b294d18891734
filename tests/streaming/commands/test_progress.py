"""Long work says how far it is: bars on a terminal, a few lines in a log."""

import pytest

from streaming.commands.progress import LINES, phase_progress


def work() -> None:
    with phase_progress() as progress:
        for done in range(51):
            progress.phase("track", done, 50)
        for done in range(1001):
            progress.report("lips", done / 1000, {"photometric": 0.0125})
        progress.phase("render", 7, None)


def test_a_log_gets_a_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    work()
    lines = capsys.readouterr().err.splitlines()
    assert lines[LINES] == "track 100%"
    assert lines[-2] == "lips 100%  photometric 0.0125"
    assert len(lines) == 2 * (LINES + 1) + 1


def test_a_terminal_gets_bars(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    work()
    said = capsys.readouterr().err
    assert "━" in said
    assert "\x1b[?25h" in said, "the cursor is there again"
    assert "100%" in said


def test_losses_are_shown_whole_or_not_at_all(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    with phase_progress() as progress:
        progress.report("lips", 0.5, {"lips": 0.1, "sync": 0.25})
    said = capsys.readouterr().err
    assert "lips 0.1000" in said
    assert "sync" not in said
