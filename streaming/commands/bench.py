"""`avatar bench`: how fast pictures are made, and how late, how smooth and in step a call is."""

import json as json_module
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from streaming.live_report import LiveReport

OFFLINE_SECONDS, LIVE_SECONDS, SHORTEST_CALL = 5.0, 60.0, 10.0

ROWS = (
    ("pictures a second", "fps", ""),
    ("freezes over 200 ms", "freezes", ""),
    ("longest gap between pictures", "longest_gap_ms", "ms"),
    ("mouth delay, p50 / p95", "mouth_delay", "ms"),
    ("voice delay, p50 / p95", "voice_delay", "ms"),
    ("voice against lips, p50 / p95", "skew", "ms"),
    ("clicks judged", "events", ""),
    ("sound made up by the browser", "concealed_ms", "ms"),
    ("server and renderer", "server_cpu", "cores"),
    ("their memory", "server_mb", "MB"),
    ("its growth", "server_mb_per_minute", "MB/min"),
    ("load average of the machine", "load_average", ""),
)


def bench(
    live: Annotated[
        bool, typer.Option("--live", help="A real server and real Chromium, both on this machine.")
    ] = False,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.1, help="Time for each figure. [default: 5; --live: 60]"),
    ] = None,
    calls: Annotated[int, typer.Option(min=1, help="Calls at once.")] = 1,
    speaker: Annotated[str, typer.Option(help="Speaker: a name or a bundle's path.")] = "demo",
    compare: Annotated[
        bool, typer.Option("--compare", help="Measure the `paper` preset in the same run.")
    ] = False,
    device: Annotated[str, typer.Option(help="Where pictures are made: cpu or cuda.")] = "cpu",
    json: Annotated[Path | None, typer.Option(help="Write everything to this file.")] = None,
) -> None:
    """Measure how fast pictures are made here, or with `--live` calls as a viewer gets them.

    Each figure of the rendering is from new sound to the finished frame, in fresh processes pinned
    to their cores, one thread each: one core, all cores, batches of callers, stage by stage. Other
    programs slow it down; `cpu ms`, the processor time of a step, tells how much.

    `--live` starts the server, opens its page in headless Chromium, feeds clicks of known time as
    the microphone and reads from the pictures that are presented which samples they show: mouth
    delay, voice delay and skew on one clock, the page's own.

    **Examples**

    - `avatar bench --compare --json bench.json`
    - `avatar bench --live --calls 2`
    """
    from avatar.errors import AvatarError
    from avatar.files import replace_file
    from streaming.commands.render_bench import bench_rendering
    from streaming.live_benchmark import measure_calls

    if not live:
        bench_rendering(speaker, compare, seconds or OFFLINE_SECONDS, device, json)
        return
    seconds = seconds or LIVE_SECONDS
    if seconds < SHORTEST_CALL:
        raise AvatarError(f"--live needs at least --seconds {SHORTEST_CALL:g}")
    reports = measure_calls(seconds, calls, ("--speaker", speaker, "--max-sessions", str(calls)))
    Console().print(_table(reports))
    if json:
        with replace_file(json) as file:
            file.write_text(json_module.dumps([asdict(report) for report in reports], indent=2))


def _table(reports: "list[LiveReport]") -> Table:
    table = Table("", *(f"call {number + 1}" for number in range(len(reports))), box=None)
    for label, name, unit in ROWS:
        table.add_row(label, *(_cell(getattr(report, name), unit) for report in reports))
    return table


def _cell(value: object, unit: str) -> str:
    from streaming.live_report import Spread

    text = f"{value.p50} / {value.p95}" if isinstance(value, Spread) else str(value)
    return f"{text} {unit}".strip()
