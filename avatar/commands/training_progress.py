"""Progress bars of the phases of training."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

SCALE = 1000  # steps of a bar whose progress is a share


class TrainingProgress:
    """One bar a phase, made when the phase first speaks."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:>16}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
        )
        self._bars: dict[str, TaskID] = {}

    def phase(self, name: str, done: int, total: int) -> None:
        """Frames done of a phase of tracking or preparing."""
        self._update(name, done, total, "")

    def report(self, name: str, share: float, losses: dict[str, float]) -> None:
        """Share of a phase of learning that is done, and its losses."""
        note = "  ".join(f"{loss} {value:.4f}" for loss, value in losses.items())
        self._update(name, round(share * SCALE), SCALE, note)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def _update(self, name: str, done: int, total: int, note: str) -> None:
        if name not in self._bars:
            self._bars[name] = self._progress.add_task(name, total=total, note=note)
        bar = self._bars[name]
        self._progress.update(bar, completed=done, total=total)
        if note:
            self._progress.update(bar, note=note)
