"""How many calls a server really holds: callers without a browser, in processes of their own."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.error import URLError
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from avatar.audio import FPS
from avatar.errors import AvatarError
from streaming.benchmark.live_benchmark import running_server
from streaming.benchmark.load_caller import CallCount
from streaming.benchmark.server_stages import StageSpread, between, read
from streaming.core.process_stats import processor_seconds

CALLERS_A_PROCESS = 8
SETTLE_S = 5.0  # that are not counted: the callers have just come
JOIN_TIMEOUT_S = 30.0  # for a call to have its first picture
TIMEOUT_S = 10.0  # for the server's pages
LEAST_FPS = 0.99 * FPS  # a picture in a hundred may be late
PROCESSOR = "avatar_processor_seconds"


@dataclass(frozen=True)
class LoadPlan:
    """Who calls whom, for how long."""

    calls: int
    seconds: float
    server_flags: tuple[str, ...] = ()
    url: str = ""
    "Of a server that runs already; empty: one is started with the flags."
    token: str = ""


@dataclass(frozen=True)
class LoadRun:
    """Calls held at once, and the server beside them."""

    capacity: int
    "Calls that the server says it can carry."
    limit: int
    "Calls that it admits."
    holds: bool
    "All calls had 25 pictures a second and none was longer than 200 ms without a new one."
    cores: dict[str, float]
    "Processor time a second of each part of the server, and of the callers."
    cores_per_call: float
    "Of the server, all in."
    stages: dict[str, StageSpread]
    calls: list[CallCount]


def measure_load(plan: LoadPlan) -> LoadRun:
    """Hold `plan.calls` calls and count. Raises AvatarError if they do not come about."""
    with _server(plan) as address, _callers(plan, address) as processes:
        time.sleep(SETTLE_S)
        health = json.loads(_page(address, "healthz"))
        before, callers, begun = _page(address, "metrics"), _used_by(processes), time.monotonic()
        for process in processes:
            _say(process, "count\n")
        time.sleep(plan.seconds)
        passed, after = time.monotonic() - begun, _page(address, "metrics")
        callers = _used_by(processes) - callers
        found = [call for process in processes for call in _counted(process)]
    earlier = _processor(before)
    used = {
        part: (now - earlier.get(part, 0.0)) / passed for part, now in _processor(after).items()
    }
    return LoadRun(
        capacity=health["capacity"],
        limit=health["limit"],
        holds=all(map(held, found)),
        cores={part: round(cores, 3) for part, cores in used.items()}
        | {"callers": round(callers / passed, 3)},
        cores_per_call=round(sum(used.values()) / plan.calls, 3),
        stages=between(read(before), read(after)),
        calls=found,
    )


def held(call: CallCount) -> bool:
    """Whether nobody would have noticed that there were others."""
    smooth = call.fps >= LEAST_FPS and not call.freezes and not call.repeated_freezes
    return smooth and not call.ended


@contextmanager
def _server(plan: LoadPlan) -> Iterator[str]:
    if plan.url:
        yield plan.url.rstrip("/")
        return
    with running_server("--max-sessions", str(plan.calls), *plan.server_flags) as (address, _):
        yield address


@contextmanager
def _callers(plan: LoadPlan, address: str) -> "Iterator[list[subprocess.Popen[str]]]":
    """Processes whose calls all have pictures. Raises AvatarError."""
    shares = _shares(plan.calls)
    module = "streaming.benchmark.load_process"
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", module, address, str(share), plan.token],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for share in shares
    ]
    patience = threading.Timer(JOIN_TIMEOUT_S * max(shares), _kill, [processes])
    patience.start()
    try:
        for process in processes:
            _expect_live(process)
        patience.cancel()
        yield processes
    finally:
        patience.cancel()
        _kill(processes)
        for process in processes:
            process.communicate()


def _shares(calls: int) -> list[int]:
    """How many of `calls` each process makes."""
    processes = -(-calls // CALLERS_A_PROCESS)
    return [calls // processes + (number < calls % processes) for number in range(processes)]


def _expect_live(process: "subprocess.Popen[str]") -> None:
    assert process.stdout
    said = process.stdout.readline().strip()
    if said != "live":
        raise AvatarError(said.removeprefix("refused: ") or "callers of the load ended; see above")


def _counted(process: "subprocess.Popen[str]") -> list[CallCount]:
    output, _ = process.communicate()  # the end of its input is the end of the counting
    try:
        return [CallCount(**call) for call in json.loads(output)]
    except ValueError as error:
        raise AvatarError("callers of the load ended before they told; see above") from error


def _say(process: "subprocess.Popen[str]", words: str) -> None:
    assert process.stdin
    try:
        process.stdin.write(words)
        process.stdin.flush()
    except BrokenPipeError as error:
        raise AvatarError("callers of the load ended; see above") from error


def _kill(processes: "list[subprocess.Popen[str]]") -> None:
    for process in processes:
        process.kill()


def _used_by(processes: "list[subprocess.Popen[str]]") -> float:
    return sum(processor_seconds(process.pid) for process in processes)


def _page(address: str, name: str) -> str:
    try:
        with urlopen(f"{address}/{name}", timeout=TIMEOUT_S) as answer:
            return str(answer.read(), "utf-8")
    except (URLError, ValueError) as error:
        raise AvatarError(f"{address}/{name} cannot be read: {error}") from error


def _processor(metrics: str) -> dict[str, float]:
    """Seconds of processor time by part of the server, such as `server event_loop`."""
    return {
        " ".join(label for _, label in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics)
        if family.name == PROCESSOR
        for sample in family.samples
    }
