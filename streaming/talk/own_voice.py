"""Whether a microphone hears what the digital human says itself, past the browser's cancelling."""

from collections import deque
from collections.abc import Callable
from typing import Literal

import numpy as np

from avatar.audio import SAMPLE_RATE
from avatar.media.samples import Samples
from streaming.media.clock import VOICE_PER_SAMPLE, VOICE_RATE
from streaming.media.downsampling import CONTEXT, downsample

HOP = 256  # samples of 16 kHz, 16 ms: a step of the spectra that are compared
WINDOW = 2 * HOP
BANDS = 16
LOWEST, HIGHEST = 200.0, 5000.0  # Hz
COMPARED = 100  # hops, 1.6 s: over which a way from loudspeaker to microphone shows
LATEST = 40  # hops, 640 ms: the longest such way, beyond the call's own delay
ENOUGH = 50  # hops with own voice, of those compared, until they tell anything
ENOUGH_LOUD = 20  # of those at one delay, for the comparison while it is loud
DOUBT = 16  # hops after own voice in which, until the way is known, a sound may be it
LIKE = 0.5  # correlation from which on there is such a way; other speech reaches 0.35
LIKE_BRIEFLY = (
    0.67  # the same for less; echoes reach 0.7, other speech as long as it 0.66, rarely 0.9
)
TAIL = 8  # hops that a room goes on sounding
FADING = 0.5  # of its energy's logarithm, a hop
EXCESS = 1.6  # of the logarithm, 7 dB, that a person is louder than the echo that is due
LOUDER_BANDS = 5  # that must be, of all
FOLLOWING = 0.1  # of a hop's difference that the loudness of the echo is corrected by
NOISE_PERCENTILE = 10  # of the levels at the microphone
QUIET = 1e-6  # mean square below which nothing is said
FLOOR = 1e-7  # of a band's energy

Said = Callable[[int, int], Samples]
Whose = Literal["person", "own", "unknown"]


class OwnVoice:
    """Finds the way from loudspeaker to microphone, and what comes by it.

    There is a way if the bands' levels at the microphone move as those of what was said did, at
    one delay, for 1.6 s. From then on sound is the own voice unless it is louder than the echo that
    is due, in several bands. Without such a way every sound is a person's. Until that is known,
    for the first 0.8 s of own voice in a call, nobody can tell whose a sound within 0.4 s of it is.
    If it falls silent before, what waited is a person's if it is not like what was said.
    """

    def __init__(self, said: Said, delay: float) -> None:
        """`said`: the voice at positions of 48 kHz; `delay`: seconds until it leaves."""
        self._said = said
        self._delay = round(delay * VOICE_RATE)
        self._heard: deque[Samples] = deque(maxlen=COMPARED)
        self._spoken: deque[Samples] = deque(maxlen=COMPARED + LATEST)
        self._loud: deque[bool] = deque(maxlen=COMPARED + LATEST)
        self._before: Samples = np.zeros(HOP, np.float32)
        self._doubtful: list[Samples] = []
        self._known = False
        self._lag: int | None = None  # hops
        self._gain: Samples = np.zeros(BANDS, np.float32)  # of the way, logarithm

    def filter(self, position: int, chunk: Samples) -> list[Samples]:
        """What is a person's of the sound so far, and the own voice as silence, in their order.

        `chunk` (n,) of 16 kHz: whole hops, captured at `position`. What may be either's waits.
        """
        whose = self._judge(position, chunk)
        self._doubtful.append(chunk)
        if whose == "unknown":
            return []
        waited, self._doubtful = self._doubtful, []
        may_be_own = self._lag is not None or not (self._known or self._unlike())
        silent = [may_be_own] * (len(waited) - 1) + [whose == "own"]
        return [piece * np.float32(not own) for piece, own in zip(waited, silent, strict=True)]

    def _judge(self, position: int, chunk: Samples) -> Whose:
        """Whose voice `chunk` is."""
        hops = len(chunk) // HOP
        self._take(position, chunk, hops)
        if not any(list(self._loud)[-LATEST - TAIL :]):
            return "person"
        whole = len(self._spoken) == COMPARED + LATEST
        if whole and sum(list(self._loud)[-COMPARED:]) >= ENOUGH:
            self._look_for_a_way()
        if self._lag is None:
            in_doubt = not self._known and any(list(self._loud)[-DOUBT - TAIL :])
            return "unknown" if in_doubt else "person"
        noise = np.percentile(np.stack(self._heard), NOISE_PERCENTILE, axis=0)
        due = np.logaddexp(self._due(self._lag, hops), noise)
        heard = np.stack(list(self._heard)[-hops:])
        person = _is_louder(heard, due)
        if not person:
            self._gain += FOLLOWING * np.clip((heard - due).mean(axis=0), -EXCESS, EXCESS)
        return "person" if person else "own"

    def _take(self, position: int, chunk: Samples, hops: int) -> None:
        start = position - self._delay - HOP * VOICE_PER_SAMPLE
        count = (len(chunk) + HOP) * VOICE_PER_SAMPLE
        said = downsample(self._said(start - CONTEXT, count + CONTEXT))
        self._heard.extend(_levels(np.concatenate([self._before, chunk])))
        self._spoken.extend(_levels(said))
        self._loud.extend([bool(np.mean(said**2) > QUIET)] * hops)
        self._before = chunk[-HOP:]

    def _unlike(self) -> bool:
        """Whether what was heard cannot be the little that was said lately."""
        if len(self._spoken) < COMPARED + LATEST:
            return False
        enough = sum(list(self._loud)[-COMPARED:]) >= ENOUGH_LOUD
        return enough and bool(self.scores().max() < LIKE_BRIEFLY)

    def _look_for_a_way(self) -> None:
        scores, self._known = self.scores(), True
        best = int(scores.argmax())
        if scores[best] < LIKE:
            self._lag = None
            return
        if self._lag is None:
            then = slice(LATEST - best, LATEST - best + COMPARED)
            loud, spoken = np.array(self._loud)[then], np.stack(self._spoken)[then]
            self._gain = np.median((np.stack(self._heard) - spoken)[loud], axis=0)
        self._lag = best

    def scores(self) -> Samples:
        """(LATEST + 1,): how much what is heard is like what was said so many hops before.

        Two voices that begin and end together are alike in that; while the own one is loud, its
        echo still follows it, and another does not.
        """
        spoken, heard, loud = np.stack(self._spoken), np.stack(self._heard), np.array(self._loud)
        scores = np.zeros(LATEST + 1, np.float32)
        for lag in range(LATEST + 1):
            then = slice(LATEST - lag, LATEST - lag + COMPARED)
            scores[lag] = _likeness(heard, spoken[then])
            while_loud = loud[then]
            if scores[lag] < LIKE:
                continue
            if while_loud.sum() >= ENOUGH_LOUD:
                alike = _likeness(heard[while_loud], spoken[then][while_loud])
                scores[lag] = min(scores[lag], alike)
            elif self._lag is None:
                scores[lag] = 0.0  # too little to find a way by, though enough to keep one
        return scores

    def _due(self, lag: int, hops: int) -> Samples:
        """(hops, BANDS): levels of the echo, as the room makes it of what was said."""
        spoken = np.stack(self._spoken)
        end = len(spoken) - lag
        faded = [
            spoken[max(0, end - hops - back) : end - back] - FADING * back
            for back in range(min(TAIL, end - hops))
        ]
        due: Samples = np.maximum.reduce(faded) + self._gain
        return due


def _is_louder(heard: Samples, due: Samples) -> bool:
    """(hops, BANDS) each: whether enough bands have more than the echo."""
    excess = (heard - due).mean(axis=0)
    return int((excess > EXCESS).sum()) >= LOUDER_BANDS


def _levels(sound: Samples) -> Samples:
    """(HOP + n HOP,) -> (n, BANDS): logarithm of the energy in each band."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)) ** 2 / WINDOW
    levels: Samples = np.log(power @ _FILTERS + FLOOR).astype(np.float32)
    return levels


def _filters() -> Samples:
    """(WINDOW / 2 + 1, BANDS): which frequencies make a band, by equal steps of their logarithm."""
    edges = np.geomspace(LOWEST, HIGHEST, BANDS + 1)
    frequencies = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)[:, None]
    inside = (frequencies >= edges[:-1]) & (frequencies < edges[1:])
    nearest = np.abs(frequencies - np.sqrt(edges[:-1] * edges[1:])).argmin(axis=0)
    inside[nearest, np.arange(BANDS)] = True
    filters: Samples = (inside / inside.sum(axis=0)).astype(np.float32)
    return filters


def _likeness(first: Samples, second: Samples) -> float:
    """(hops, BANDS) each: correlation, each band's mean over time taken out."""
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    norm = np.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / max(norm, 1e-3))


_FILTERS = _filters()
