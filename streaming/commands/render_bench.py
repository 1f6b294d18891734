"""The offline half of `avatar bench`: how fast pictures are made, from new sound to I420."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from streaming.commands.tables import print_tables, table_console
from streaming.core.console import text_console

if TYPE_CHECKING:
    from avatar.benchmark.bench import Benchmark, Plan, PresetTimings, Timing
    from avatar.benchmark.stopwatch import Spread


def bench_rendering(plan: "Plan", json_file: Path | None, plot: Path | None) -> None:
    """Measure, print tables, and write everything to `json_file` and a drawing to `plot`."""
    from avatar.benchmark.bench import benchmark
    from avatar.files import replace_file

    if plot is not None:
        from streaming.commands.bench_plot import draw  # fails before anything is measured
    with text_console(stderr=True).status("measuring") as status:
        found = benchmark(plan, lambda doing: status.update(Text(doing)))
    console = table_console()
    print_tables(console, *_tables(found))
    machine = found.machine
    console.print(
        f"ms are p50/p95/p99 of wall-clock time; {machine.processor}, {machine.cores} cores, "
        f"{machine.gpu or 'no GPU'}, torch {machine.torch}; "
        f"load average {machine.load_average} before, {found.load_after} after"
    )
    if json_file is not None:
        with replace_file(json_file) as temporary:
            temporary.write_text(json.dumps(asdict(found), indent=2) + "\n", encoding="utf-8")
    if plot is not None:
        draw(found, plot)


def _tables(found: "Benchmark") -> list[Table]:
    presets = [preset for preset in (found.realtime, found.paper) if preset is not None]
    every = [timing for preset in presets for timing in preset.timings]
    speed = _speed_table("from new sound to the finished I420 frame", every)
    (width, height), lips = every[0].frame, every[0].lip_box
    speed.caption = f"{found.speaker}: frames {width}x{height}, lip box {lips[0]}x{lips[1]}. "
    speed.caption += _summary(found)
    sweeps = [_speed_table(name, timings) for name, timings in found.sweeps.items()]
    return [speed, _stage_table(presets), *sweeps]


def _speed_table(title: str, timings: "Sequence[Timing]") -> Table:
    changing = {
        "frame": [f"{t.frame[0]}x{t.frame[1]}" for t in timings],
        "lips": [f"{t.lip_box[0]}x{t.lip_box[1]}" for t in timings],
        "speakers": [str(t.speakers) for t in timings],
    }
    columns = {
        "preset": [t.preset for t in timings],
        "back end": [t.backend for t in timings],
        "cores": [str(t.cores) for t in timings],
        **{name: cells for name, cells in changing.items() if len(set(cells)) > 1},
        "callers": [str(t.batch) for t in timings],
        "fps": [f"{t.fps:.1f}" for t in timings],
        "ms a step": [_spread(t.step_ms, 1) for t in timings],
        "cpu ms a frame": [f"{t.cpu_ms_frame:.2f}" for t in timings],
        "MB": [f"{t.peak_mb:.0f}" for t in timings],
    }
    table = Table(title=title, box=None)
    for heading in columns:
        table.add_column(heading, justify="right")
    for row in zip(*columns.values(), strict=True):
        table.add_row(*row)
    return table


def _stage_table(presets: "Sequence[PresetTimings]") -> Table:
    table = Table(title="stages, one core, one caller, ms", box=None)
    table.add_column("stage", no_wrap=True)
    columns: dict[str, dict[str, Spread]] = {}
    for timing in (timing for preset in presets for timing in preset.timings):
        if timing.batch == timing.cores == 1:
            columns.setdefault(f"{timing.preset}, {timing.backend}", timing.stages_ms)
    for heading in columns:
        table.add_column(heading, justify="right")
    for stage in next(iter(columns.values())):
        spreads = [stages[stage] for stages in columns.values()]
        table.add_row(stage, *(_spread(spread, 2) for spread in spreads))
    return table


def _spread(spread: "Spread", digits: int) -> str:
    return "/".join(f"{ms:.{digits}f}" for ms in (spread.p50, spread.p95, spread.p99))


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
