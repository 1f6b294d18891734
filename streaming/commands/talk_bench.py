"""The part of `avatar bench` that talks."""

import json
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from streaming.commands.tables import print_tables, table_console


def bench_talk(
    talk: str, turns: int, in_browser: bool, server_flags: tuple[str, ...], file: Path | None
) -> None:
    """Hold a conversation of `turns` turns, print its table, and write it to `file`."""
    from avatar.files import replace_file
    from streaming.benchmark.talk_benchmark import measure_talk
    from streaming.benchmark.talk_page import measure_talk_page

    measure = measure_talk_page if in_browser else measure_talk
    run = measure(talk, turns, server_flags)
    table = Table("ms since the last sound of the person", "p50", "p95", box=None)
    for name, spread in run.stages.items():
        table.add_row(name, f"{spread.p50:.0f}", f"{spread.p95:.0f}")
    table.caption = f"{run.turns} turns and as many interruptions"
    print_tables(table_console(), table)
    if file:
        with replace_file(file) as whole:
            whole.write_text(json.dumps(asdict(run), indent=2) + "\n", encoding="utf-8")
