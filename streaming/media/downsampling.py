"""From the voice that is heard to the sound that the lips follow: 48 to 16 kHz."""

import numpy as np

from avatar.media.samples import Samples
from streaming.media.clock import VOICE_PER_SAMPLE, VOICE_RATE

FILTER_TAPS = 63
CONTEXT = FILTER_TAPS - VOICE_PER_SAMPLE  # samples of 48 kHz before a chunk that its filter sees


def _low_pass() -> Samples:
    """Windowed sinc, 7.2 kHz at 48 kHz: no aliases, 0.65 ms of delay."""
    middle = np.arange(FILTER_TAPS) - (FILTER_TAPS - 1) / 2
    taps = np.sinc(middle * 2 * 7200 / VOICE_RATE) * np.kaiser(FILTER_TAPS, 7.0)
    normalised: Samples = (taps / taps.sum()).astype(np.float32)
    return normalised


LOW_PASS = _low_pass()


def downsample(voice: Samples) -> Samples:
    """(CONTEXT + 3 n,) at 48 kHz -> (n,) at 16 kHz, the last n thirds of it."""
    windows = np.lib.stride_tricks.sliding_window_view(voice, FILTER_TAPS)
    chunk: Samples = np.ascontiguousarray(windows[::VOICE_PER_SAMPLE] @ LOW_PASS)
    return chunk
