"""What a process holds of the machine, from /proc (Linux)."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ProcessStats:
    """One look at one process."""

    resident_bytes: int
    threads: int
    files: int
    "Open file descriptors, sockets among them."
    sockets: int
    shared_memories: int
    "Mappings of POSIX shared memory: pictures on their way from the renderer."


def look_at(pid: int) -> ProcessStats | None:
    """What process `pid` holds now; None if it is gone or this is no Linux."""
    home = Path("/proc") / str(pid)
    try:
        resident = int((home / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        threads = len(list((home / "task").iterdir()))
        targets = [_target(link) for link in (home / "fd").iterdir()]
        maps = (home / "maps").read_text().splitlines()
    except OSError:
        return None
    sockets = sum(target.startswith("socket:") for target in targets)
    shared = sum("/dev/shm/" in line for line in maps)
    return ProcessStats(resident, threads, len(targets), sockets, shared)


def processor_seconds(pid: int, thread: int | None = None) -> float:
    """Of a process and all its threads that ever were, or of one thread; 0 if it is gone."""
    task = f"/task/{thread}" if thread else ""
    try:
        fields = Path(f"/proc/{pid}{task}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _target(link: Path) -> str:
    """Where an open file leads; it may be closed by now."""
    with contextlib.suppress(OSError):
        return str(link.readlink())
    return ""
