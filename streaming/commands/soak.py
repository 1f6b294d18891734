"""`avatar soak`: an hour with a call running and hundreds of others that come and go."""

import json as json_module
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from streaming.commands.tables import print_tables, table_console

if TYPE_CHECKING:
    from streaming.benchmark.live_report import LiveReport
    from streaming.benchmark.soak_report import SoakReport

MIN_VISIT_S = 8.0  # from one visit to the next, its end and its freeing included
FREED_WITHIN_S = 5.0  # in which everything of a visit must be free
LEAST_VISITS = 8  # fewer show no trend


def soak(
    minutes: Annotated[
        float, typer.Option(min=0.1, metavar="N", help="How long the one call lasts.")
    ] = 60.0,
    visits: Annotated[int, typer.Option(help="Short calls in that time.")] = 300,
    speaker: Annotated[str, typer.Option(help="Speaker: a name or a bundle's path.")] = "demo",
    json: Annotated[Path | None, typer.Option(help="Write everything to this file.")] = None,
) -> None:
    """Find leaks and drift: one long call in headless Chromium, short ones beside it.

    The server is a real one. Short calls hang up, are killed, or fall silent, in turn.
    After each, once only the long call is left, it is noted what the server and its renderer hold:
    memory, tasks, threads, files, sockets, shared memory. The long call is judged as by `avatar
    bench --live`, as a whole and in parts of ten minutes, so that delay and skew can be compared.

    Exit code 1: something grew, the call became later or less in step by more than 40 ms, a short
    call saw no picture, or its place was not freed in 5 s.

    **Example**

    - `avatar soak --minutes 60 --visits 300 --json soak.json`
    """
    from avatar.errors import AvatarError
    from avatar.files import replace_file
    from streaming.benchmark.soak import SoakPlan
    from streaming.benchmark.soak import soak as run

    if visits < LEAST_VISITS or minutes * 60 < visits * MIN_VISIT_S:
        raise AvatarError(
            f"{visits} visits do not fit: at least {LEAST_VISITS}, {MIN_VISIT_S:g} s for each"
        )
    console = table_console()
    report = run(SoakPlan(minutes * 60, visits, speaker), lambda line: console.print(line))
    if json:
        with replace_file(json) as file:
            file.write_text(json_module.dumps(asdict(report), indent=2))
    print_tables(console, _held(report), _heard(report))
    raise typer.Exit(0 if _good(report) else 1)


def _good(report: "SoakReport") -> bool:
    freed = [time is not None and time <= FREED_WITHIN_S for time in report.slowest_freed.values()]
    return report.steady and report.in_time and not report.visits_without_picture and all(freed)


def _held(report: "SoakReport") -> Table:
    table = Table("", "first", "last", "an hour", "noise", "steady", box=None)
    for name, one in report.trends.items():
        values = (one.first, one.last, one.per_hour, one.noise)
        table.add_row(name, *(f"{value:g}" for value in values), _yes(one.steady))
    table.add_row("delay and skew of the call", "", "", "", "", _yes(report.in_time))
    table.add_row("visits without a picture", str(report.visits_without_picture))
    for ending, seconds in report.slowest_freed.items():
        table.add_row(f"slowest freed, {ending}", "never" if seconds is None else f"{seconds} s")
    return table


def _yes(steady: bool) -> str:
    return "yes" if steady else "NO"


def _heard(report: "SoakReport") -> Table:
    table = Table("ten minutes", "fps", "freezes", "mouth", "voice", "skew p50 / p95", box=None)
    for number, part in enumerate([*report.parts, report.call], start=1):
        table.add_row(
            str(number) if number <= len(report.parts) else "all",
            *(_cells(part) if part else ["could not be judged"]),
        )
    return table


def _cells(part: "LiveReport") -> list[str]:
    return [
        str(part.fps),
        str(part.freezes),
        f"{part.mouth_delay.p50} / {part.mouth_delay.p95} ms",
        f"{part.voice_delay.p50} / {part.voice_delay.p95} ms",
        f"{part.skew.p50} / {part.skew.p95} ms",
    ]
