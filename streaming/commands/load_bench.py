"""The part of `avatar bench` that loads a server with calls."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from streaming.commands.live_bench import stage_table
from streaming.commands.tables import print_tables, table_console

if TYPE_CHECKING:
    from streaming.benchmark.load_benchmark import LoadRun
    from streaming.benchmark.load_caller import CallCount


def bench_load(
    calls: int,
    seconds: float,
    server_flags: tuple[str, ...],
    url: str,
    token: str,
    json_file: Path | None,
) -> None:
    """Hold `calls` calls for `seconds`, print what became of them; exit code 1 if they suffered."""
    from avatar.files import replace_file
    from streaming.benchmark.load_benchmark import LoadPlan, measure_load

    run = measure_load(LoadPlan(calls, seconds, server_flags, url, token))
    if json_file:
        with replace_file(json_file) as file:
            file.write_text(json.dumps(asdict(run), indent=2) + "\n", encoding="utf-8")
    console = table_console()
    print_tables(console, _call_table(run), _core_table(run), stage_table(run.stages))
    word = "holds" if run.holds else "DOES NOT HOLD"
    console.print(f"the server {word} {calls} calls; it was measured to carry {run.capacity}")
    raise typer.Exit(0 if run.holds else 1)


def _call_table(run: "LoadRun") -> Table:
    table = Table(
        *("call", "new pictures/s", "late", "gaps > 200 ms", "longest gap", "lost packets", ""),
        box=None,
    )
    for number, call in enumerate(run.calls, start=1):
        table.add_row(str(number), *_cells(call))
    return table


def _cells(call: "CallCount") -> list[str]:
    return [
        f"{call.fps:.2f}",
        str(call.late),
        str(call.freezes + call.repeated_freezes),
        f"{call.longest_gap_ms:.0f} ms",
        str(call.lost_packets),
        call.ended,
    ]


def _core_table(run: "LoadRun") -> Table:
    table = Table("processor time", "cores", "a call", box=None)
    for part, cores in run.cores.items():
        table.add_row(part.replace("_", " "), f"{cores:.3f}", f"{cores / len(run.calls):.3f}")
    table.add_row("server, all in", "", f"{run.cores_per_call:.3f}")
    return table
