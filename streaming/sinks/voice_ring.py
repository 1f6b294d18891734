"""The last seconds of a voice, to be read from anywhere between two samples."""

from threading import Lock

import numpy as np

from avatar.media.samples import Samples
from streaming.media.clock import VOICE_RATE

RING = 2 * VOICE_RATE  # samples
TAPS = 16
PHASES = 512  # places between two samples: the error is 70 dB below the voice


def _kernels() -> Samples:
    """Windowed sinc for each phase: (PHASES, TAPS)."""
    offsets = np.arange(TAPS) - (TAPS // 2 - 1)
    place = offsets[None, :] - np.arange(PHASES)[:, None] / PHASES
    window = np.kaiser(4097, 6.0)
    spread = np.interp(place, np.linspace(-TAPS / 2, TAPS / 2, 4097), window)
    taps = np.sinc(place) * spread
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), np.float32)


KERNELS = _kernels()


class VoiceRing:
    """Written by the event loop, read by the thread of a sound device."""

    def __init__(self) -> None:
        self._ring: Samples = np.zeros(RING, np.float32)
        self._end = 0  # position after the newest sample
        self._lock = Lock()

    def write(self, start: int, samples: Samples) -> None:
        """Sound from position `start` on; pieces come in order."""
        with self._lock:
            self._ring[np.arange(start, start + len(samples)) % RING] = samples
            self._end = start + len(samples)

    def read(self, start: float, step: float, count: int) -> Samples:
        """`count` samples at positions start, start + step, ...; silence where there is none."""
        places = start + step * np.arange(count)
        whole = np.floor(places).astype(np.int64)
        phases = ((places - whole) * PHASES).astype(np.int64)
        around = whole[:, None] + np.arange(1 - TAPS // 2, TAPS // 2 + 1)
        with self._lock:
            sound = self._ring[around % RING]
            end = self._end
        sound[(around >= end) | (around < end - RING) | (around < 0)] = 0
        return np.asarray(np.einsum("nt,nt->n", sound, KERNELS[phases]), np.float32)
