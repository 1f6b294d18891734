"""One long call in a real browser while others come and go, and what the server holds meanwhile."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from avatar.errors import AvatarError
from streaming.benchmark.live_benchmark import SETTLE, running_browser, running_server, start_call
from streaming.benchmark.process_usage import family
from streaming.benchmark.soak_report import Sample, ShortCall, SoakReport, judge_soak
from streaming.core.process_stats import look_at

if TYPE_CHECKING:
    from playwright.sync_api import Page

PLACES = 3  # calls the server admits: the long one, a visit, and one not yet freed
STAY = 3.0  # seconds of a visit, from its first picture
VISIT_TIMEOUT_S = 30.0  # until a visit is given up, or a place
POLL_INTERVAL_S = 0.05  # between looks for a freed place
Say = Callable[[str], None]


@dataclass(frozen=True)
class SoakPlan:
    """How long, how many, with whom."""

    seconds: float
    visits: int
    speaker: str


def soak(plan: SoakPlan, say: Say) -> SoakReport:
    """Run the whole thing; `say` gets a line now and then. Raises AvatarError."""
    flags = ("--block-code", "--speaker", plan.speaker, "--max-sessions", str(PLACES))
    with running_browser() as browser, running_server(*flags) as (address, pid):
        page = start_call(browser, address)
        page.wait_for_timeout(SETTLE * 1000)
        page.evaluate("liveProbe.settled()")
        visits, samples = _make_short_calls(plan, page, address, pid, say)
        collected = page.evaluate("liveProbe.collect()")
    return judge_soak(plan.seconds, visits, samples, collected)


def _make_short_calls(
    plan: SoakPlan, page: "Page", address: str, pid: int, say: Say
) -> tuple[list[ShortCall], list[Sample]]:
    begun = time.monotonic()
    visits: list[ShortCall] = []
    samples = [_sample(address, pid, 0.0)]
    for number, ending in zip(range(1, plan.visits + 1), cycle(ENDINGS), strict=False):
        visits.append(_make_short_call(address, ending))
        next_at = begun + number * plan.seconds / plan.visits
        page.wait_for_timeout(max(0.0, next_at - time.monotonic()) * 1000)
        samples.append(_sample(address, pid, time.monotonic() - begun))
        say(f"{number}/{plan.visits} {visits[-1]} {samples[-1]}")
    return visits, samples


def _make_short_call(address: str, ending: str) -> ShortCall:
    with _client(address) as client:
        assert client.stdout
        came = client.stdout.readline().strip() == "live"
        time.sleep(STAY)
        ENDINGS[ending](client)
        return ShortCall(ending, came, _time_to_free(address))


@contextmanager
def _client(address: str) -> "Iterator[subprocess.Popen[str]]":
    # Clients stand for other machines: of this one they get what the call leaves over.
    client = subprocess.Popen(
        ["nice", "-n", "19", sys.executable, "-m", "streaming.benchmark.client", address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    guard = threading.Timer(VISIT_TIMEOUT_S, client.kill)
    guard.start()
    try:
        yield client
    finally:
        guard.cancel()
        client.kill()
        with contextlib.suppress(BrokenPipeError):
            client.communicate()


def _hang_up(client: "subprocess.Popen[str]") -> None:
    assert client.stdin
    client.stdin.close()
    client.stdin = None


def _kill(client: "subprocess.Popen[str]") -> None:
    client.kill()


def _fall_silent(client: "subprocess.Popen[str]") -> None:
    """Not a packet more, no end of a connection either: as if the cable were pulled."""
    client.send_signal(signal.SIGSTOP)


ENDINGS: dict[str, "Callable[[subprocess.Popen[str]], None]"] = {
    "hung up": _hang_up,
    "killed": _kill,
    "fell silent": _fall_silent,
}


def _time_to_free(address: str) -> float | None:
    """Seconds until only the long call is left; None if that does not come about."""
    begun = time.monotonic()
    while (passed := time.monotonic() - begun) < VISIT_TIMEOUT_S:
        if json.loads(_get(f"{address}/healthz"))["sessions"] == 1:
            return passed
        time.sleep(POLL_INTERVAL_S)
    return None


def _sample(address: str, pid: int, at: float) -> Sample:
    tasks = next(
        found.samples[0].value
        for found in text_string_to_metric_families(_get(f"{address}/metrics"))
        if found.name == "avatar_tasks"
    )
    server, *others = [look_at(one) for one in family(pid)]
    if server is None:
        raise AvatarError("soaking needs /proc, that is Linux")
    return Sample(
        seconds=round(at, 1),
        server_mb=server.resident_bytes / 1e6,
        renderer_mb=sum(one.resident_bytes for one in others if one) / 1e6,
        tasks=tasks,
        threads=server.threads + sum(one.threads for one in others if one),
        files=server.files + sum(one.files for one in others if one),
        sockets=server.sockets + sum(one.sockets for one in others if one),
        shared_memories=server.shared_memories,
    )


def _get(address: str) -> str:
    with urlopen(address, timeout=VISIT_TIMEOUT_S) as response:
        return str(response.read(), "utf-8")
