"""The false alarms' part of `avatar bench`: videos without a mark, and what is found in them."""

import json
from dataclasses import asdict
from pathlib import Path

from rich.text import Text

from avatar.errors import AvatarError
from streaming.core.console import text_console

HIGHEST = 10  # films that are named


def bench_false_alarms(folder: Path, keys: int, json_file: Path | None) -> None:
    """Read each video in `folder` with `keys` keys; print the result, write all to `json_file`."""
    from rich.table import Table

    from avatar.files import replace_file
    from streaming.benchmark.false_alarms import UnmarkedFilm, read_unmarked
    from streaming.commands.tables import print_tables, table_console

    if not folder.is_dir():
        raise AvatarError(f"{folder}: is no folder")
    said = text_console(stderr=True)
    films: list[UnmarkedFilm] = []
    with said.status("reading") as status:
        for film in read_unmarked(folder, keys, said.print):
            films.append(film)
            status.update(Text(f"{len(films)} read, {film.film}"))
    table = Table("highest scores", "seconds", "score", "found", "label", box=None)
    for film in sorted(films, key=lambda film: -film.score)[:HIGHEST]:
        seen = "seen" if film.label else "-"
        cells = f"{film.seconds:g}", f"{film.score:.2f}", str(film.alarms), seen
        table.add_row(Text(film.film), *cells)
    seconds, alarms = (sum(of) for of in zip(*((f.seconds, f.alarms) for f in films), strict=True))
    labels = sum(film.label for film in films)
    table.caption = (
        f"{len(films)} films, {seconds:.1f} s, each with {keys} keys; watermark found in {alarms} "
        f"stretches of two seconds, label in {labels} films"
    )
    print_tables(table_console(), table)
    if json_file:
        with replace_file(json_file) as file:
            file.write_text(json.dumps([asdict(film) for film in films], indent=2) + "\n")
