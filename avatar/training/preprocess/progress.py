"""How the phases say where they are."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""progress(phase, done, total)"""


def silent(phase: str, done: int, total: int) -> None:
    """The progress callback of a caller who does not want to know."""
    del phase, done, total
