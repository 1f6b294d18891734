"""Where the tables of measurements are printed."""

import sys
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table

from streaming.core.console import text_console

PLAIN_WIDTH = 110  # characters, where there is no terminal to ask
LONGEST_WORD = 20  # characters that are kept on one line in any case; longer ones are paths
UNBOUNDED = 10_000  # characters, more than any table takes


def table_console() -> Console:
    """As wide as the terminal; in a file or a pipe wide enough for every table."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return text_console(soft_wrap=False, width=width)


def print_tables(console: Console, *tables: Table) -> None:
    """Print them so that, where they are too wide, lines end between words, never inside them."""
    for table in tables:
        _fit(table, console)
        console.print(table)


def _fit(table: Table, console: Console) -> None:
    """Where it is too wide take from the widest columns, down to their longest words."""
    widths = [_longest(_lines(column)) for column in table.columns]
    whole = [_least_width(column) for column in table.columns]
    excess = _width(table, console) - console.width
    if excess <= 0:
        return
    if sum(widths) - excess < sum(whole):  # the gaps between columns are taken from as well
        table.padding = (0, 1, 0, 0) if table.box is None else 0
        table.pad_edge = table.show_edge = False
        excess = _width(table, console) - console.width
    for _ in range(excess):
        spare = [at for at, width in enumerate(widths) if width > whole[at]]
        spare = spare or [at for at, width in enumerate(widths) if width > LONGEST_WORD]
        if spare:
            widths[max(spare, key=widths.__getitem__)] -= 1
    for column, width in zip(table.columns, widths, strict=True):
        column.width, column.overflow = width, "fold"


def _width(table: Table, console: Console) -> int:
    return console.measure(table, options=console.options.update(width=UNBOUNDED)).maximum


def _least_width(column: Column) -> int:
    """Of the longest word, or of the longest cell where the column may not be wrapped."""
    lines = _lines(column)
    parts = lines[1:] if column.no_wrap else [word for line in lines for word in line.split()]
    return max(_longest(parts), _longest(str(column.header).split()))


def _lines(column: Column) -> list[str]:
    return [str(column.header), *(str(cell) for cell in column.cells)]


def _longest(texts: Sequence[str]) -> int:
    return max(map(cell_len, texts), default=0)
