"""Processes that tests have started."""

from pathlib import Path


def runs(pid: int) -> bool:
    """Whether the process has not ended; one that waits to be reaped has."""
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"
