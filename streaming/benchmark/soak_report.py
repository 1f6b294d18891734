"""Whether a server that ran for long still is what it was: trends, and the call in its parts."""

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from avatar.errors import AvatarError
from streaming.benchmark.live_report import LiveReport, judge
from streaming.benchmark.process_usage import Usage

SETTLING = 0.2  # part of the run in which pools and caches fill; it is not judged
ENDS = 0.2  # part of what is judged whose median is called first, or last
PART = 600.0  # seconds of the long call that are judged together
LATER = 40.0  # ms that mouth, voice and skew may have grown between the first part and the last
NEGLIGIBLE = 0.005  # part of a quantity that its growth over the run may be in any case


@dataclass(frozen=True)
class Sample:
    """What the server and its renderer hold while only the long call runs."""

    seconds: float
    server_mb: float
    renderer_mb: float
    tasks: float
    threads: int
    files: int
    sockets: int
    shared_memories: int


@dataclass(frozen=True)
class ShortCall:
    """One short call; `freed_after`: seconds from its end until its place was free."""

    ending: str
    came: bool
    "A picture was seen."
    freed_after: float | None


@dataclass(frozen=True)
class Trend:
    """How one quantity went."""

    first: float
    last: float
    per_hour: float
    noise: float
    "Standard deviation around the straight line."
    steady: bool
    "It grew by no more than twice the noise, or by half a percent."


@dataclass(frozen=True)
class SoakReport:
    """The whole run."""

    seconds: float
    visits: int
    visits_without_picture: int
    slowest_freed: dict[str, float | None]
    "Seconds, by the way the visit ended; None: never."
    trends: dict[str, Trend]
    call: LiveReport | None
    "The long call as a whole; None: too little came back to judge it."
    parts: list[LiveReport | None]
    "The same call, ten minutes after ten minutes."
    samples: list[Sample]

    @property
    def steady(self) -> bool:
        return all(trend.steady for trend in self.trends.values())

    @property
    def in_time(self) -> bool:
        """The long call ended as prompt, and as much in step, as it began."""
        first, last = self.parts[0], self.parts[-1]
        if first is None or last is None:
            return False
        grown = (
            last.mouth_delay.p50 - first.mouth_delay.p50,
            last.voice_delay.p50 - first.voice_delay.p50,
            last.skew.p95 - first.skew.p95,
        )
        return max(grown) <= LATER


def judge_soak(
    seconds: float, visits: list[ShortCall], samples: list[Sample], collected: dict[str, Any]
) -> SoakReport:
    """The report of a run whose long call brought `collected` (see `live_report.judge`)."""
    trends = {
        name: trend([one.seconds for one in samples], [getattr(one, name) for one in samples])
        for name in asdict(samples[0])
        if name != "seconds"
    }
    megabytes = trends["server_mb"].last + trends["renderer_mb"].last
    growth = trends["server_mb"].per_hour + trends["renderer_mb"].per_hour
    usage = Usage(0.0, megabytes, growth / 60)
    return SoakReport(
        seconds=seconds,
        visits=len(visits),
        visits_without_picture=sum(not visit.came for visit in visits),
        slowest_freed={ending: _slowest(visits, ending) for ending in _endings(visits)},
        trends=trends,
        call=_judge(collected, usage),
        parts=[_judge(part, usage) for part in _split(collected)],
        samples=samples,
    )


def _judge(collected: dict[str, Any], usage: Usage) -> LiveReport | None:
    """An hour's figures of the server must not be lost with a part that cannot be judged."""
    try:
        return judge(collected, usage)
    except AvatarError:
        return None


def trend(times: list[float], values: list[float]) -> Trend:
    """How `values`, taken at `times` (seconds), went after settling; at least five of them."""
    at, value = np.array(times), np.array(values, float)
    judged = at >= at[-1] * SETTLING
    at, value = at[judged], value[judged]
    slope, offset = np.polyfit(at, value, 1)
    noise = float(np.std(value - (slope * at + offset)))
    grown = slope * (at[-1] - at[0])
    count = max(1, int(len(value) * ENDS))
    return Trend(
        first=round(float(np.median(value[:count])), 3),
        last=round(float(np.median(value[-count:])), 3),
        per_hour=round(float(slope * 3600), 3),
        noise=round(noise, 3),
        steady=bool(grown <= max(2 * noise, NEGLIGIBLE * float(np.mean(value)))),
    )


def _endings(visits: list[ShortCall]) -> list[str]:
    return sorted({visit.ending for visit in visits})


def _slowest(visits: list[ShortCall], ending: str) -> float | None:
    times = [visit.freed_after for visit in visits if visit.ending == ending]
    known = [time for time in times if time is not None]
    return round(max(known), 2) if len(known) == len(times) else None


def _split(collected: dict[str, Any]) -> list[dict[str, Any]]:
    """The pictures, clicks and voices of each ten minutes."""
    begin, end = collected["begin"], collected["pictures"][-1][0]
    count = max(1, round((end - begin) / (PART * 1000)))
    edges = np.linspace(begin, end + 1, count + 1)
    return [_cut(collected, early, late) for early, late in pairwise(edges)]


def _cut(collected: dict[str, Any], early: float, late: float) -> dict[str, Any]:
    return collected | {
        "begin": early,
        "pictures": [one for one in collected["pictures"] if early <= one[0] < late],
        "clicks": [one for one in collected["clicks"] if early <= one < late],
        "voices": [one for one in collected["voices"] if early <= one < late],
    }
