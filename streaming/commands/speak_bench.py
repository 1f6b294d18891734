"""The part of `avatar bench` in which an agent speaks."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from avatar.errors import AvatarError
from streaming.commands.tables import print_tables, table_console

if TYPE_CHECKING:
    from streaming.benchmark.live_report import DelaySpread
    from streaming.benchmark.speak_report import SpeakReport

SHORTEST_SPEECH = 20.0  # seconds


def bench_speech(seconds: float, server_flags: tuple[str, ...], json_file: Path | None) -> None:
    """Let an agent speak for `seconds`, print a table, and write everything to `json_file`."""
    from avatar.files import replace_file
    from streaming.benchmark.speak_benchmark import measure_speech

    if seconds < SHORTEST_SPEECH:
        raise AvatarError(f"--speak needs at least --seconds {SHORTEST_SPEECH:g}")
    report = measure_speech(seconds, server_flags)
    print_tables(table_console(), _table(report))
    if json_file:
        with replace_file(json_file) as file:
            file.write_text(json.dumps(asdict(report), indent=2) + "\n", encoding="utf-8")


def _table(report: "SpeakReport") -> Table:
    call, memory = report.call, report.memory
    growth = f"{memory.first:g} to {memory.last:g} MB, {'flat' if memory.steady else 'GREW'}"
    rows = (
        ("segments of 2 s, whole / interrupted", f"{report.segments} / {report.interruptions}", ""),
        ("first speaking picture, p50 / p95", _spread(call.mouth_delay), "250"),
        ("first sound, p50 / p95", _spread(call.voice_delay), ""),
        ("silent after an interruption, p50 / p95", _spread(report.silent), "200"),
        ("the same, at the latest", f"{report.latest_silent} ms", ""),
        ("mouth at rest after it, p50 / p95", _spread(report.resting), "200"),
        ("voice against lips, p50 / p95", _spread(call.skew), "40"),
        ("drift of that", f"{call.skew.slope_per_minute} ms/min", "0"),
        ("speech that the server lost", f"{report.lost:g} ms", "0"),
        ("heard of a segment, the least", f"{report.shortest:.0f} ms", "2000"),
        ("segments not seen / not heard", f"{report.unseen} / {report.unheard}", "0 / 0"),
        ("sound made up by the browser", f"{call.concealed_ms} ms", "0"),
        ("pictures a second, freezes", f"{call.fps}, {call.freezes}", "25, 0"),
        ("memory of server and renderer", growth, "flat"),
        ("refused", str(len(report.errors)), "0"),
        ("load average of the machine", str(call.load_average), ""),
    )
    table = Table("an agent in a call", "", "wanted", box=None)
    for row in rows:
        table.add_row(*row)
    return table


def _spread(delay: "DelaySpread") -> str:
    return f"{delay.p50} / {delay.p95} ms"
