"""The figures of pushed speech, from what `speak_probe.js` did and `live_probe.js` saw (in ms)."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import numpy as np

from avatar.errors import AvatarError
from streaming.benchmark.live_report import (
    DelaySpread,
    LiveReport,
    judge,
    read_pictures,
    spread,
)
from streaming.benchmark.process_usage import Usage
from streaming.benchmark.soak_report import Trend, trend

LEAST_SEGMENTS = 4  # whole and interrupted together


@dataclass(frozen=True)
class SpeakReport:
    """An agent in a call, as the page of the call saw and heard it."""

    segments: int
    interruptions: int
    call: LiveReport
    "Its mouth and voice delay count from the push of a segment."
    silent: DelaySpread
    "From an interruption until the page hears no more."
    latest_silent: float
    resting: DelaySpread
    "From an interruption until the first picture of a silent mouth is presented."
    unseen: int
    "Segments whose first picture was not presented."
    unheard: int
    lost: float
    "Of all whole segments, what the server says was not heard."
    shortest: float
    "How long the page heard the whole segment that it heard least of."
    memory: Trend
    "Megabytes of server and renderer."
    errors: list[str]
    "What the server refused."


def judge_speech(collected: dict[str, Any], spoken: dict[str, Any], usage: Usage) -> SpeakReport:
    """`collected` by the probe of the call, `spoken` by that of the speech. Raises AvatarError."""
    segments, length = spoken["segments"], spoken["seconds"] * 1000
    if len(segments) < LEAST_SEGMENTS:
        said = f" ({spoken['errors'][0]})" if spoken["errors"] else ""
        raise AvatarError(f"only {len(segments)} segments were spoken{said}")
    pushes = [one["pushed"] for one in segments]
    seen = read_pictures(collected["pictures"], collected["begin"])
    onsets = _by_segment(pushes, [at for at, _ in seen.onsets])
    voices = _by_segment(pushes, collected["voices"])
    silences = _by_segment(pushes, collected["silences"])
    ends = _by_segment(pushes, seen.ends)
    cut = [number for number, one in enumerate(segments) if one["cut"]]
    whole = [number for number, one in enumerate(segments) if not one["cut"]]
    silent = [
        (segments[n]["cut"], silences[n][-1] - segments[n]["cut"]) for n in cut if silences[n]
    ]
    resting = [(segments[n]["cut"], ends[n][-1] - segments[n]["cut"]) for n in cut if ends[n]]
    heard = [silences[n][-1] - voices[n][0] for n in whole if silences[n] and voices[n]]
    times, sizes = zip(*usage.resident, strict=True)
    return SpeakReport(
        segments=len(whole),
        interruptions=len(cut),
        call=judge(collected | {"clicks": pushes}, usage),
        silent=spread(np.array(silent)),
        latest_silent=round(max(late for _, late in silent), 1),
        resting=spread(np.array(resting)),
        unseen=sum(not one for one in onsets),
        unheard=sum(not one for one in voices),
        lost=sum(length - segments[n]["position"] for n in whole),
        shortest=round(min(heard, default=0.0), 1),
        memory=trend(list(times), list(sizes)),
        errors=spoken["errors"],
    )


def _by_segment(pushes: list[float], times: list[float]) -> list[list[float]]:
    """Each of `times` with the segment that was pushed last before it."""
    found: list[list[float]] = [[] for _ in pushes]
    for at in sorted(times):
        if at >= pushes[0]:
            found[bisect_right(pushes, at) - 1].append(at)
    return found
