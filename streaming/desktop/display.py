"""What the terminal shows while the camera runs: level, pictures a second, delay, what is late."""

import asyncio
import math
import time
from collections import deque

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from streaming.core.console import text_console
from streaming.desktop.app import CameraApp
from streaming.media.playout import Playout
from streaming.media.sink import Sink
from streaming.sinks.reconnecting import ReconnectingSink
from streaming.sinks.sound_output import SoundOutput

REFRESH_INTERVAL_S = 0.1
RATE_WINDOW_REFRESHES = 20  # refreshes over which pictures are counted
FLOOR = -60  # dB, where the level bar begins
BAR = 24  # characters
HOT = 0.9  # of the bar: too loud


class Display:
    """Draws on a terminal; elsewhere it writes a line whenever something changes."""

    def __init__(self, app: CameraApp, speaker: str) -> None:
        self._app = app
        self._speaker = speaker
        self._console = text_console(stderr=True)
        self._begun = time.monotonic()
        self._counts = [deque([(self._begun, 0)], maxlen=RATE_WINDOW_REFRESHES) for _ in app.sinks]
        self._told: set[str] = set()

    async def run(self) -> None:
        """Show until cancelled."""
        if not self._console.is_terminal:
            self._console.print(self._opening())
            while True:
                self._tell()
                await asyncio.sleep(REFRESH_INTERVAL_S)
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            while True:
                live.update(self.picture(), refresh=True)
                await asyncio.sleep(REFRESH_INTERVAL_S)

    def picture(self) -> Group:
        """What the terminal shows now."""
        now = time.monotonic()
        minutes, seconds = divmod(int(now - self._begun), 60)
        keys = ", ".join(f"{key} {name}" for key, name in self._app.gesture_keys.items())
        heading = Text.assemble(
            (self._speaker, "bold"),
            f"  {minutes}:{seconds:02}",
            (f"   {keys}, Ctrl-C stops", "dim"),
        )
        rows = Table.grid(padding=(0, 2))
        microphone = self._app.microphone
        delay = self._app.avatar_stream.clock.delay
        rows.add_row(*self._row("microphone", microphone.name, microphone.problem, self._level()))
        for (sink, playout), counts in zip(self._app.sinks, self._counts, strict=True):
            counts.append((now, playout.sent))
            rows.add_row(*self._row(*describe(sink, playout, _rate(counts))))
        rows.add_row("", "delay", "", f"{delay * 1000:.0f} ms from voice to face")
        problems = [Text(problem, "yellow") for problem in self._problems()]
        return Group(heading, rows, *problems)

    def _row(self, kind: str, name: str, problem: str, figures: str | Text) -> list[str | Text]:
        lamp = Text("○", "yellow") if problem else Text("●", "green")
        return [lamp, kind, Text(name, "bold"), "" if problem else figures]

    def _level(self) -> Text:
        level = 20 * math.log10(self._app.microphone.level + 1e-9)
        share = min(1.0, max(0.0, 1 - level / FLOOR))
        filled = round(share * BAR)
        bar = Text("█" * filled, "red" if share > HOT else "green")
        return bar.append("░" * (BAR - filled), "dim").append(f" {max(level, FLOOR):.0f} dB", "dim")

    def _problems(self) -> list[str]:
        found = [self._app.microphone.problem]
        found += [sink.problem for sink, _ in self._app.sinks if isinstance(sink, ReconnectingSink)]
        if self._app.avatar_stream.failing:
            found.append("the renderer is behind or starts again; the last picture stands")
        return [problem for problem in found if problem]

    def _opening(self) -> str:
        names = ", ".join(sink.name for sink, _ in self._app.sinks)
        delay = self._app.avatar_stream.clock.delay
        return f"{self._speaker} is on: {self._app.microphone.name} to {names}, {delay:.3f} s"

    def _tell(self) -> None:
        problems = set(self._problems())
        for problem in problems - self._told:
            self._console.print(problem)
        for problem in self._told - problems:
            self._console.print(f"over: {problem}")
        self._told = problems


def describe(sink: Sink, playout: Playout, rate: float) -> tuple[str, str, str, str]:
    """(kind, name, problem, figures) of one sink."""
    inner = sink.inner if isinstance(sink, ReconnectingSink) else sink
    problem = sink.problem if isinstance(sink, ReconnectingSink) else ""
    if isinstance(inner, SoundOutput):
        step = f"{inner.behind * 1000:+.0f} ms from step, {inner.pace.slips} jumps"
        return "voice", sink.name, problem, step
    return "face", sink.name, problem, f"{rate:4.1f} fps, {playout.late} late"


def _rate(counts: "deque[tuple[float, int]]") -> float:
    (begun, first), (now, last) = counts[0], counts[-1]
    return (last - first) / (now - begun) if now > begun else 0.0
