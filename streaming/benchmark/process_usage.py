"""What a process and those it started use of the machine (Linux)."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streaming.core.process_stats import processor_seconds

POLL_INTERVAL_S = 1.0  # between looks at the memory


@dataclass(frozen=True)
class Usage:
    """What the server's process used."""

    cores: float
    megabytes: float
    megabytes_per_minute: float
    children_cores: float = 0.0
    "Of `cores`, those of the processes it started: the renderer."
    resident: tuple[tuple[float, float], ...] = ()
    "Seconds since the beginning and megabytes, look by look."


def watch_process(pid: int, seconds: float) -> Usage:
    """Look on for `seconds`."""
    begun, cpu, own = time.monotonic(), _cpu_seconds(family(pid)), _cpu_seconds([pid])
    samples: list[tuple[float, float]] = []
    while (passed := time.monotonic() - begun) < seconds:
        time.sleep(min(POLL_INTERVAL_S, seconds - passed))
        samples.append((time.monotonic() - begun, _resident_mb(pid)))
    times, sizes = np.array(samples).T
    slope = float(np.polyfit(times, sizes, 1)[0]) * 60
    passed = time.monotonic() - begun
    cores = (_cpu_seconds(family(pid)) - cpu) / passed
    children_cores = cores - (_cpu_seconds([pid]) - own) / passed
    return Usage(cores, samples[-1][1], slope, children_cores, tuple(samples))


def family(pid: int) -> list[int]:
    """The process and those it started: the server, its renderer, its media workers."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")  # each has those that it started
    children = [child for thread in threads for child in thread.read_text().split()]
    return [pid, *(one for child in children for one in family(int(child)))]


def _cpu_seconds(pids: list[int]) -> float:
    return sum(map(processor_seconds, pids))


def _resident_mb(pid: int) -> float:
    pages = [int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in family(pid)]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6
