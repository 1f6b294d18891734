"""Whether a microphone hears what the digital human says itself, past the browser's cancelling."""

from collections import deque
from collections.abc import Callable

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
DOUBT = 16  # hops after own voice in which, until the way is known, a sound may be it
LIKE = 0.5  # correlation from which on there is such a way; other speech reaches 0.35
TAIL = 8  # hops that a room goes on sounding
FADING = 0.5  # of its energy's logarithm, a hop
EXCESS = 1.6  # of the logarithm, 7 dB, that a person is louder than the echo that is due
LOUDER_BANDS = 5  # that must be, of all
FOLLOWING = 0.1  # of a hop's difference that the loudness of the echo is corrected by
NOISE_PERCENTILE = 10  # of the levels at the microphone
QUIET = 1e-6  # mean square below which nothing is said
FLOOR = 1e-7  # of a band's energy

Said = Callable[[int, int], Samples]


class OwnVoice:
    """Finds the way from loudspeaker to microphone, and what comes by it.

    There is a way if the bands' levels at the microphone move as those of what was said did, at
    one delay, for 1.6 s. From then on sound is the own voice unless it is louder than the echo that
    is due, in several bands. Without such a way every sound is a person's. Until that is known,
    for the first 0.8 s of own voice in a call, no sound within 0.4 s of it is a person's.
    """

    def __init__(self, said: Said, delay: float) -> None:
        """`said`: the voice at positions of 48 kHz; `delay`: seconds until it leaves."""
        self._said = said
        self._delay = round(delay * VOICE_RATE)
        self._heard: deque[Samples] = deque(maxlen=COMPARED)
        self._spoken: deque[Samples] = deque(maxlen=COMPARED + LATEST)
        self._loud: deque[bool] = deque(maxlen=COMPARED + LATEST)
        self._before: Samples = np.zeros(HOP, np.float32)
        self._known = False
        self._lag: int | None = None  # hops
        self._gain: Samples = np.zeros(BANDS, np.float32)  # of the way, logarithm

    def is_heard(self, position: int, chunk: Samples) -> bool:
        """Whether `chunk` (n,) of 16 kHz, whole hops captured at `position`, is the own voice."""
        hops = len(chunk) // HOP
        self._take(position, chunk, hops)
        if not any(list(self._loud)[-LATEST - TAIL :]):
            return False
        whole = len(self._spoken) == COMPARED + LATEST
        if whole and sum(list(self._loud)[-COMPARED:]) >= ENOUGH:
            self._look_for_a_way()
        if self._lag is None:
            return not self._known and any(list(self._loud)[-DOUBT - TAIL :])
        noise = np.percentile(np.stack(self._heard), NOISE_PERCENTILE, axis=0)
        due = np.logaddexp(self._due(self._lag, hops), noise)
        heard = np.stack(list(self._heard)[-hops:])
        person = _is_louder(heard, due)
        if not person:
            self._gain += FOLLOWING * np.clip((heard - due).mean(axis=0), -EXCESS, EXCESS)
        return not person

    def _take(self, position: int, chunk: Samples, hops: int) -> None:
        start = position - self._delay - HOP * VOICE_PER_SAMPLE
        count = (len(chunk) + HOP) * VOICE_PER_SAMPLE
        said = downsample(self._said(start - CONTEXT, count + CONTEXT))
        self._heard.extend(_levels(np.concatenate([self._before, chunk])))
        self._spoken.extend(_levels(said))
        self._loud.extend([bool(np.mean(said**2) > QUIET)] * hops)
        self._before = chunk[-HOP:]

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
        """(LATEST + 1,): how much what is heard is like what was said so many hops before."""
        spoken = np.stack(self._spoken)
        heard = _centred(np.stack(self._heard))
        scores = [
            _correlation(heard, _centred(spoken[LATEST - lag : LATEST - lag + COMPARED]))
            for lag in range(LATEST + 1)
        ]
        return np.asarray(scores, np.float32)

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


def _centred(levels: Samples) -> Samples:
    """(hops, BANDS), each band's mean over time taken out."""
    centred: Samples = levels - levels.mean(axis=0)
    return centred


def _correlation(first: Samples, second: Samples) -> float:
    norm = np.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / max(norm, 1e-3))


_FILTERS = _filters()
