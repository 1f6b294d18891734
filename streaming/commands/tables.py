"""Where the tables of measurements are printed."""

import sys

from rich.console import Console

PLAIN_WIDTH = 110  # characters, where there is no terminal to ask


def table_console() -> Console:
    """As wide as the terminal; in a file or a pipe wide enough for every table."""
    return Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH)
