"""Sound of any rate and any lengths, recut to 48 kHz pieces of 10 ms."""

import av
import numpy as np

from avatar.media.samples import Samples
from streaming.media.clock import VOICE_RATE

BLOCK_SAMPLES = VOICE_RATE // 100


class BlockResampler:
    """One microphone's."""

    def __init__(self, rate: int) -> None:
        """`rate`: samples a second of what will be pushed."""
        self._rate = rate
        self._resampler = av.AudioResampler(format="flt", layout="mono", rate=VOICE_RATE)
        self._rest: Samples = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> list[Samples]:
        """(n,) at the microphone's rate -> as many (480,) at 48 kHz as are whole by now."""
        if self._rate != VOICE_RATE:
            samples = self._resampled(samples)
        sound = np.concatenate([self._rest, samples])
        whole = len(sound) // BLOCK_SAMPLES * BLOCK_SAMPLES
        self._rest = sound[whole:]
        return [sound[start : start + BLOCK_SAMPLES] for start in range(0, whole, BLOCK_SAMPLES)]

    def _resampled(self, samples: Samples) -> Samples:
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="flt", layout="mono")
        frame.sample_rate = self._rate
        found = [piece.to_ndarray()[0] for piece in self._resampler.resample(frame)]
        return np.concatenate(found) if found else np.zeros(0, np.float32)
