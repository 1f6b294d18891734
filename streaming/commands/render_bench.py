"""The offline half of `avatar bench`: how fast pictures are made, from new sound to I420."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from avatar.rendering.bench import Benchmark, Plan, PresetTimings, Timing
    from avatar.rendering.stopwatch import Spread


def bench_rendering(plan: "Plan", json_file: Path | None, plot: Path | None) -> None:
    """Measure, print tables, and write everything to `json_file` and a drawing to `plot`."""
    from avatar.files import replace_file
    from avatar.rendering.bench import benchmark

    if plot is not None:
        from streaming.commands.bench_plot import draw  # fails before anything is measured
    with Console(stderr=True).status("measuring") as status:
        found = benchmark(plan, status.update)
    console = Console()
    for table in _tables(found):
        console.print(table)
    machine = found.machine
    console.print(
        f"{machine.processor}, {machine.cores} cores, {machine.gpu or 'no GPU'}, torch "
        f"{machine.torch}; load average {machine.load_average} before, {found.load_after} after"
    )
    if json_file is not None:
        with replace_file(json_file) as temporary:
            temporary.write_text(json.dumps(asdict(found), indent=2) + "\n", encoding="utf-8")
    if plot is not None:
        draw(found, plot)


def _tables(found: "Benchmark") -> list[Table]:
    presets = [preset for preset in (found.realtime, found.paper) if preset is not None]
    every = [timing for preset in presets for timing in preset.timings]
    speed = _speed_table(f"{found.speaker}: from new sound to the finished I420 frame", every)
    speed.caption = _summary(found)
    sweeps = [_speed_table(name, timings) for name, timings in found.sweeps.items()]
    return [speed, _stage_table(presets), *sweeps]


def _speed_table(title: str, timings: "Sequence[Timing]") -> Table:
    table = Table(title=title, box=None)
    headings = "preset", "back end", "cores", "speakers", "callers", "frame", "lips", "fps"
    for heading in (*headings, "p50 ms", "p95", "p99", "cpu ms/frame", "MB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for t in timings:
        sizes = (f"{width}x{height}" for width, height in (t.frame, t.lip_box))
        spent = (f"{ms:.1f}" for ms in (t.step_ms.p50, t.step_ms.p95, t.step_ms.p99))
        table.add_row(
            t.preset, t.backend, str(t.cores), str(t.speakers), str(t.batch), *sizes,
            f"{t.fps:.1f}", *spent, f"{t.cpu_ms_frame:.2f}", f"{t.peak_mb:.0f}",
        )  # fmt: skip
    return table


def _stage_table(presets: "Sequence[PresetTimings]") -> Table:
    table = Table(title="stages, one core, one caller, ms: p50 / p95 / p99", box=None)
    table.add_column("stage", no_wrap=True)
    columns: dict[str, dict[str, Spread]] = {}
    for timing in (timing for preset in presets for timing in preset.timings):
        if timing.batch == timing.cores == 1:
            columns.setdefault(f"{timing.preset}, {timing.backend}", timing.stages_ms)
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for stage in next(iter(columns.values())):
        spreads = [stages[stage] for stages in columns.values()]
        table.add_row(stage, *(f"{s.p50:.2f} / {s.p95:.2f} / {s.p99:.2f}" for s in spreads))
    return table


def _summary(found: "Benchmark") -> str:
    text = f"{found.realtime.fps_one_core:.0f} frames a second on one core"
    if found.machine.cores > 1:
        text += f", {found.realtime.fps:.0f} on {found.machine.cores}"
    if found.paper is not None:
        text += (
            f"; {found.ratio:.0f} times the paper preset's, which takes "
            f"{found.ratio_cpu:.0f} times as much processor time"
        )
    return text
