"""The offline half of `avatar bench`: how fast pictures are made, from new sound to I420."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from avatar.rendering.bench import Benchmark


def bench_rendering(
    speaker: str, compare: bool, seconds: float, device: str, json_file: Path | None
) -> None:
    """Measure, print two tables, and write everything to `json_file`."""
    from avatar.files import replace_file
    from avatar.rendering.bench import benchmark
    from avatar.rendering.speaker_folders import speaker_folder

    with Console(stderr=True).status("measuring") as status:
        found = benchmark(speaker_folder(speaker), device, seconds, compare, status.update)
    console = Console()
    console.print(_speed_table(found))
    console.print(_stage_table(found))
    machine = found.machine
    console.print(
        f"{machine.processor}, {machine.cores} cores, {machine.gpu or 'no GPU'}, "
        f"load {machine.load_average}, torch {machine.torch}"
    )
    if json_file is not None:
        with replace_file(json_file) as temporary:
            temporary.write_text(json.dumps(asdict(found), indent=2) + "\n", encoding="utf-8")


def _speed_table(found: "Benchmark") -> Table:
    width, height = found.frame
    table = Table(title=f"{found.speaker}, {width}x{height}, lip box {found.lip_box}", box=None)
    sizes, times = ("preset", "cores", "batch", "fps"), ("p50 ms", "p95 ms", "p99 ms", "cpu ms")
    for heading in (*sizes, *times, "MB", "ready s"):
        table.add_column(heading, justify="right", no_wrap=True)
    for preset in filter(None, (found.realtime, found.paper)):
        for t in preset.timings:
            spent = (f"{ms:.1f}" for ms in (t.step_ms.p50, t.step_ms.p95, t.step_ms.p99, t.cpu_ms))
            table.add_row(
                t.preset, str(t.cores), str(t.batch), f"{t.fps:.1f}", *spent, f"{t.peak_mb:.0f}",
                f"{t.ready_s:.1f}",
            )  # fmt: skip
    if found.ratio_one_core is not None:
        table.caption = (
            f"on one core, realtime is {found.ratio_one_core:.0f} times as fast, "
            f"and takes {found.ratio_cpu:.0f} times less processor time"
        )
    return table


def _stage_table(found: "Benchmark") -> Table:
    table = Table(title="stages, one core, batch 1, ms: p50 / p95 / p99", box=None)
    table.add_column("stage", no_wrap=True)
    presets = [preset for preset in (found.realtime, found.paper) if preset is not None]
    for preset in presets:
        table.add_column(preset.timings[0].preset, justify="right", no_wrap=True)
    for stage in presets[0].timings[0].stages_ms:
        spreads = [preset.timings[0].stages_ms[stage] for preset in presets]
        table.add_row(stage, *(f"{s.p50:.2f} / {s.p95:.2f} / {s.p99:.2f}" for s in spreads))
    return table
