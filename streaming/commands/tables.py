"""Where the tables of measurements are printed."""

import sys

from rich.console import Console

from streaming.core.console import text_console

PLAIN_WIDTH = 110  # characters, where there is no terminal to ask


def table_console() -> Console:
    """As wide as the terminal; in a file or a pipe wide enough for every table."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return text_console(soft_wrap=False, width=width)
