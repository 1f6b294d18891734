"""The figures of one call, from what `live_probe.js` collected in the page (all times in ms)."""

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.audio import FPS, SAMPLE_RATE
from avatar.errors import AvatarError
from streaming.benchmark.process_usage import Usage
from streaming.media.clock import VOICE_RATE
from streaming.media.frame_marker import ENDED, decode

FREEZE = 0.2  # seconds without a new picture
LONGEST_DELAY = 1.0  # seconds: what comes back later belongs to no click
Times = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DelaySpread:
    """Milliseconds."""

    p50: float
    p95: float
    slope_per_minute: float


@dataclass(frozen=True)
class LiveReport:
    """One call of one browser."""

    seconds: float
    fps: float
    freezes: int
    longest_gap_ms: float
    unread_pictures: int
    mouth_delay: DelaySpread
    "Sound into the page until the picture of it is presented."
    voice_delay: DelaySpread
    "Sound into the page until the page hears it again."
    skew: DelaySpread
    "How much later than its picture a sound is heard; p50 and p95 of the absolute value."
    events: int
    concealed_ms: float
    "Sound the browser had to make up, silence not counted."
    frames_dropped: int
    server_cpu: float
    "Cores that the server and its renderer used, all calls together."
    server_mb: float
    server_mb_per_minute: float
    load_average: float


def judge(collected: dict[str, Any], usage: Usage) -> LiveReport:
    """Figures from what the probe of one page collected (times in ms)."""
    begin = collected["begin"]
    seen = read_pictures(collected["pictures"], begin)
    shown, numbers = np.array(seen.shown), np.array(seen.numbers, float)
    if len(shown) < FPS:
        raise AvatarError("too few pictures carried a block code: was the call too short?")
    clicks = np.array([click for click in collected["clicks"] if click > begin])
    voices = np.array(collected["voices"])
    mouth, voice, skew = _match(clicks, voices, shown, seen.onsets)
    first = np.concatenate([[True], np.diff(numbers) > 0])
    gaps = np.diff(shown[first])
    sound, video = collected["inbound"]["audio"], collected["inbound"]["video"]
    seconds = (shown[-1] - shown[0]) / 1000
    concealed = sound["concealedSamples"] - sound["silentConcealedSamples"]
    return LiveReport(
        seconds=round(seconds, 1),
        fps=round((int(first.sum()) - 1) / seconds, 2),
        freezes=int((gaps > FREEZE * 1000).sum()),
        longest_gap_ms=round(float(gaps.max()), 1),
        unread_pictures=seen.unread,
        mouth_delay=spread(mouth),
        voice_delay=spread(voice),
        skew=spread(skew, absolute=True),
        events=len(mouth),
        concealed_ms=round(concealed / VOICE_RATE * 1000, 1),
        frames_dropped=video["framesDropped"],
        server_cpu=round(usage.cores, 3),
        server_mb=round(usage.megabytes, 1),
        server_mb_per_minute=round(usage.megabytes_per_minute, 3),
        load_average=round(os.getloadavg()[0], 2),
    )


@dataclass
class Seen:
    """What the codes in the pictures of a page said."""

    shown: list[float] = field(default_factory=list)
    "When each was presented."
    numbers: list[int] = field(default_factory=list)
    onsets: list[tuple[float, int]] = field(default_factory=list)
    "When a picture with a sound's onset was presented first, and the onset's place in samples."
    ends: list[float] = field(default_factory=list)
    "When the first picture without the sound was presented."
    unread: int = 0


def read_pictures(pictures: list[list[Any]], begin: float) -> Seen:
    """Those presented from `begin` on."""
    seen = Seen()
    for at, cells, _ in pictures:
        if at < begin:
            continue
        code = decode([cell == "1" for cell in cells])
        if code is None:
            seen.unread += 1
            continue
        number, onset = code
        first = not seen.numbers or number > seen.numbers[-1]
        if first and onset == ENDED:
            seen.ends.append(at)
        elif first and onset:
            seen.onsets.append((at, onset - 1))
        seen.shown.append(at)
        seen.numbers.append(number)
    return seen


def _match(
    clicks: Times, voices: Times, shown: Times, onsets: list[tuple[float, int]]
) -> tuple[Times, Times, Times]:
    """[time, value] of mouth delay, voice delay and skew of every click that came back."""
    mouth, voice, skew = [], [], []
    for click in clicks[clicks < shown[-1] - LONGEST_DELAY * 1000]:
        seen = _first(onsets, click)
        heard = voices[(voices > click) & (voices < click + LONGEST_DELAY * 1000)]
        if seen is not None:
            mouth.append((click, seen[0] - click))
        if len(heard):
            voice.append((click, heard[0] - click))
        if seen is not None and len(heard):
            lips = seen[0] + seen[1] * 1000 / SAMPLE_RATE
            skew.append((click, heard[0] - lips))
    return tuple(np.array(values).reshape(-1, 2) for values in (mouth, voice, skew))  # type: ignore[return-value]


def _first(onsets: list[tuple[float, int]], click: float) -> tuple[float, int] | None:
    within = (one for one in onsets if click < one[0] < click + LONGEST_DELAY * 1000)
    return next(within, None)


def spread(values: Times, absolute: bool = False) -> DelaySpread:
    """Percentiles, and how the values grow over a minute (of the signed values)."""
    if len(values) < 2:
        raise AvatarError("no click came back: was the voice return of the page cut off?")
    judged = np.abs(values[:, 1]) if absolute else values[:, 1]
    slope = np.polyfit(values[:, 0] / 60_000, values[:, 1], 1)[0]
    p50, p95 = np.percentile(judged, [50, 95])
    return DelaySpread(round(float(p50), 1), round(float(p95), 1), round(float(slope), 2))
