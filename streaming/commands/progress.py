"""How far long work is: a bar for each of its phases on a terminal, lines in a log."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from streaming.core.console import text_console

SCALE = 1000  # steps of a bar whose progress is a share
BAR = 62  # characters of a bar and what stands round it; a note has the rest
GAP = "  "  # between the losses of a note, which are shown whole or not at all
LINES = 10  # that a phase writes where there is no terminal


@contextmanager
def phase_progress() -> Iterator["PhaseProgress"]:
    """Bars on standard error while the block runs, or lines where that is no terminal."""
    console = text_console(stderr=True)
    columns = (
        TextColumn("{task.description:>14}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f}%", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield PhaseProgress(bars)


class PhaseProgress:
    """A bar for each phase from the moment it first speaks; in a log a line for each tenth."""

    def __init__(self, bars: Progress) -> None:
        self._progress, self._console = bars, bars.console
        self._bars: dict[str, TaskID] = {}
        self._lines: dict[str, int] = {}

    def phase(self, name: str, done: int, total: int | None) -> None:
        """Frames, or whatever is counted, done of a phase, and of how many if that is known."""
        self._show(name, done, total, "")

    def report(self, name: str, share: float, losses: dict[str, float]) -> None:
        """Share of a phase of learning that is done, and its losses."""
        note = GAP.join(f"{loss} {value:.4f}" for loss, value in losses.items())
        self._show(name, round(share * SCALE), SCALE, note)

    def _show(self, name: str, done: int, total: int | None, note: str) -> None:
        if self._progress.disable:
            self._write(name, done, total, note)
            return
        while len(note) > max(self._console.width - BAR, 0):
            note = note.rpartition(GAP)[0]
        if name not in self._bars:
            self._bars[name] = self._progress.add_task(name, total=total, note=note)
        self._progress.update(self._bars[name], completed=done, total=total)
        if note:
            self._progress.update(self._bars[name], note=note)

    def _write(self, name: str, done: int, total: int | None, note: str) -> None:
        line = LINES * done // total if total else 0
        if self._lines.get(name) != line:
            self._lines[name] = line
            self._console.print(f"{name} {line * 100 // LINES}%  {note}".rstrip())
