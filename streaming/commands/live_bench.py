"""The live half of `avatar bench`: calls as a viewer gets them."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from avatar.errors import AvatarError
from streaming.commands.tables import print_tables, table_console

if TYPE_CHECKING:
    from streaming.benchmark.live_benchmark import LiveRun
    from streaming.benchmark.server_stages import StageSpread

SHORTEST_CALL = 10.0  # seconds
ROWS = (
    ("pictures a second", "fps", ""),
    ("freezes over 200 ms", "freezes", ""),
    ("longest gap between pictures", "longest_gap_ms", "ms"),
    ("mouth delay, p50 / p95", "mouth_delay", "ms"),
    ("voice delay, p50 / p95", "voice_delay", "ms"),
    ("voice against lips, p50 / p95", "skew", "ms"),
    ("clicks judged", "events", ""),
    ("sound made up by the browser", "concealed_ms", "ms"),
    ("their memory", "server_mb", "MB"),
    ("its growth", "server_mb_per_minute", "MB/min"),
    ("load average of the machine", "load_average", ""),
)


STAGES = {
    "sound": "a frame's sound was due until it was there",
    "render": "one step of the renderer",
    "picture": "sound to the renderer until the picture is back",
    "finished": "last sound a picture needs was due until it is finished",
    "encode_picture": "VP8",
    "encode_voice": "Opus",
    "event loop lag": "event loop: how late it woke up",
}


def bench_calls(
    seconds: float, calls: int, server_flags: tuple[str, ...], json_file: Path | None
) -> None:
    """Hold `calls` calls for `seconds`, print two tables, and write everything to `json_file`."""
    from avatar.files import replace_file
    from streaming.benchmark.live_benchmark import measure_calls

    if seconds < SHORTEST_CALL:
        raise AvatarError(f"--live needs at least --seconds {SHORTEST_CALL:g}")
    run = measure_calls(seconds, calls, ("--max-sessions", str(calls), *server_flags))
    console = table_console()
    print_tables(console, _call_table(run), stage_table(run.stages))
    if json_file:
        with replace_file(json_file) as file:
            file.write_text(json.dumps(asdict(run), indent=2) + "\n", encoding="utf-8")


def _call_table(run: "LiveRun") -> Table:
    table = Table("", *(f"call {number + 1}" for number in range(len(run.calls))), box=None)
    for label, name, unit in ROWS:
        table.add_row(label, *(_cell(getattr(call, name), unit) for call in run.calls))
    table.caption = (
        f"server and renderer: {run.cores_per_call} cores a call, "
        f"{run.renderer_cores_per_call} of them the renderer's"
    )
    return table


def stage_table(stages: "dict[str, StageSpread]") -> Table:
    """Where the server says that time went."""
    table = Table("inside the server, ms", "p50", "p95", "p99", box=None)
    for name, label in STAGES.items():
        if name in stages:
            spread = stages[name]
            table.add_row(label, f"{spread.p50:.1f}", f"{spread.p95:.1f}", f"{spread.p99:.1f}")
    return table


def _cell(value: object, unit: str) -> str:
    from streaming.benchmark.live_report import DelaySpread

    text = f"{value.p50} / {value.p95}" if isinstance(value, DelaySpread) else str(value)
    return f"{text} {unit}".strip()
