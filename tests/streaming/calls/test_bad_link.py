"""A call over a line that loses packets, delays them, and breaks for two seconds."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from streaming.core.config import ServeConfig
from tests.streaming.support.bad_link import HERE, BadLink, bad_link
from tests.streaming.support.live_server import LiveServer, serving_bars
from tests.streaming.support.namespaces import Machine, machines
from tests.streaming.support.polling import load_factor

LOSS, JITTER, OUTAGE = 0.05, 0.05, 2.0  # part of the packets, seconds, seconds
RECOVERY = 8.0  # seconds
MOST_SKEW = 0.080  # seconds
SAME = 0.040  # seconds: one picture
BEEP = 1.0  # seconds from one beep to the next; the first begins half a second after the start
LONGEST_DELAY = 0.9  # seconds
BUFFERED = 8.0  # seconds that aiortc's own video buffer may be behind: 128 packets
TONE, BAR = 1000.0, 105.0  # mean levels of a packet and of a picture: something is heard, seen
Times = npt.NDArray[np.float64]


@pytest.fixture
def far_away() -> Iterator[tuple[Machine, BadLink]]:
    with machines("caller") as (machine,), bad_link(machine) as link:
        yield machine, link


@dataclass
class Heard:
    """Medians over the beeps of a stretch, in seconds."""

    beeps: int
    voice: float
    "From saying a beep until it is heard."
    lips: float
    "From saying a beep until it is seen."


def onsets(notes: list[list[float]], loud: float) -> tuple[Times, Times]:
    """(arrival, media time) of what is louder than `loud` after something that is not."""
    arrival, media, level = np.array(notes).T
    rises = np.flatnonzero((level[1:] > loud) & (level[:-1] <= loud)) + 1
    return arrival[rises], media[rises]


def first_after(times: Times, moment: float) -> float | None:
    later = times[(times > moment) & (times < moment + LONGEST_DELAY)]
    return float(later[0] - moment) if len(later) else None


def listen(report: dict[str, Any], begin: float, end: float) -> Heard:
    """What the beeps said between `begin` and `end` became."""
    voice, _ = onsets(report["voice"], TONE)
    face, _ = onsets(report["face"], BAR)
    said = np.arange(report["begun"] + BEEP / 2, end - LONGEST_DELAY, BEEP)
    both = [(first_after(voice, at), first_after(face, at)) for at in said[said > begin]]
    pairs = np.array([pair for pair in both if None not in pair], float)
    assert len(pairs) >= 3, "too few beeps came back"
    return Heard(len(pairs), float(np.median(pairs[:, 0])), float(np.median(pairs[:, 1])))


async def call_over(
    machine: Machine, link: BadLink, server: LiveServer
) -> tuple[dict[str, Any], list[tuple[float, float]]]:
    """The caller's report, and the stretches before and after the trouble."""
    port = server.address.rpartition(":")[2]
    command = machine.inside(sys.executable, "-m", "tests.streaming.support.far_caller", HERE, port)
    caller = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert caller.stdout
    assert caller.stdout.readline() == "calling\n"
    await asyncio.sleep(3)
    stretches = [await stretch(7)]
    for loss, jitter, seconds in ((LOSS, JITTER, 6), (1.0, 0.0, OUTAGE), (LOSS, JITTER, 6)):
        link.be(loss, jitter)
        await asyncio.sleep(seconds)
    link.be()
    await asyncio.sleep(RECOVERY)
    stretches.append(await stretch(7))
    await asyncio.sleep(BUFFERED)
    said, _ = await asyncio.to_thread(caller.communicate)
    return json.loads(said), stretches


async def stretch(seconds: float) -> tuple[float, float]:
    begin = time.monotonic()
    await asyncio.sleep(seconds)
    return begin, time.monotonic()


async def test_a_call_survives_and_is_in_step_and_prompt_again(
    far_away: tuple[Machine, BadLink], tmp_path: Path
) -> None:
    config = ServeConfig(max_sessions=2, private_candidates=True)
    with serving_bars(tmp_path, config, "0.0.0.0") as server:
        report, (before, after) = await call_over(*far_away, server)
    assert report["lasted"], "it is the same call to the end"
    first, last = listen(report, *before), listen(report, *after)
    print(first, last)
    same = SAME * load_factor()
    assert abs(last.voice - first.voice) <= same
    assert abs(last.lips - first.lips) <= same
    assert abs(last.lips - last.voice - (first.lips - first.voice)) <= MOST_SKEW
    face = np.array([media for arrival, media, _ in report["face"] if arrival > after[0]])
    assert np.median(np.diff(face)) == pytest.approx(0.04), "25 pictures a second again"
