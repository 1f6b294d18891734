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
COMPARED = 20  # hops, 320 ms
LATEST = 40  # hops, 640 ms: the way to the loudspeaker and back, beyond the call's own delay
QUIET = 1e-6  # mean square below which nothing is said
FLOOR = 1e-7  # of a band's energy
LIKE = 0.6  # correlation of the spectra over time from which on they are the same speech

Said = Callable[[int, int], Samples]


class OwnVoice:
    """Compares spectra of the microphone with those of what was said up to 640 ms before.

    The score is the correlation, at the best delay, of the bands' levels over 320 ms, each band's
    mean taken out: neither loudness nor the room's colour counts, only how the sound moves.
    """

    def __init__(self, said: Said, delay: float) -> None:
        """`said`: the voice at positions of 48 kHz; `delay`: seconds until it leaves."""
        self._said = said
        self._delay = round(delay * VOICE_RATE)
        self._heard: deque[Samples] = deque(maxlen=COMPARED)
        self._spoken: deque[Samples] = deque(maxlen=COMPARED + LATEST)
        self._loud: deque[bool] = deque(maxlen=COMPARED + LATEST)
        self._before: Samples = np.zeros(HOP, np.float32)

    def is_heard(self, position: int, chunk: Samples) -> bool:
        """Whether `chunk` (n,) of 16 kHz, whole hops captured at `position`, is the own voice."""
        start = position - self._delay - HOP * VOICE_PER_SAMPLE
        count = (len(chunk) + HOP) * VOICE_PER_SAMPLE
        said = downsample(self._said(start - CONTEXT, count + CONTEXT))
        heard = np.concatenate([self._before, chunk])
        self._before = chunk[-HOP:]
        self._heard.extend(_levels(heard))
        self._spoken.extend(_levels(said))
        self._loud.extend([bool(np.mean(said**2) > QUIET)] * (len(chunk) // HOP))
        return any(self._loud) and self.score() >= LIKE

    def score(self) -> float:
        """The best correlation over all delays, -1 to 1."""
        if len(self._spoken) < COMPARED + LATEST:
            return 0.0
        heard = _centred(np.stack(self._heard)[None])
        windows = np.lib.stride_tricks.sliding_window_view(np.stack(self._spoken), COMPARED, 0)
        spoken = _centred(windows.transpose(0, 2, 1))
        products = (heard * spoken).sum(axis=(1, 2))
        norms = np.sqrt((heard**2).sum() * (spoken**2).sum(axis=(1, 2)))
        return float((products / np.maximum(norms, 1e-3)).max())


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
    """(windows, COMPARED, BANDS), each band's mean over time taken out."""
    centred: Samples = levels - levels.mean(axis=1, keepdims=True)
    return centred


_FILTERS = _filters()
