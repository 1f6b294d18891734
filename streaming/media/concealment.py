"""What is heard where sound went missing: the last pitch period again, fading to silence."""

import numpy as np

from avatar.media.samples import Samples

FADE_SAMPLES = 2880  # 60 ms: after this a lost voice is silence
HISTORY_SAMPLES = 1920  # 40 ms: searched for the pitch
SHORTEST_PERIOD = 120  # samples: 400 Hz
LONGEST_PERIOD = 720  # samples: 67 Hz
COARSE = 6  # the pitch is looked for at 8 kHz


def continue_sound(history: Samples, start: int, count: int) -> Samples:
    """Made-up sound number [start, start + count) after the last `HISTORY_SAMPLES` true samples.

    Waveform substitution in the manner of ITU-T G.711 Appendix I: the pitch period with the highest
    normalised correlation is repeated and faded linearly over `FADE_SAMPLES` samples.
    """
    place = np.arange(start, start + count)
    gain = np.clip(1.0 - place / FADE_SAMPLES, 0.0, 1.0).astype(np.float32)
    if not gain.any() or not history.any():
        return np.zeros(count, np.float32)
    period = history[-_pitch_period(history) :]
    made_up: Samples = period[place % len(period)] * gain
    return made_up


def _pitch_period(history: Samples) -> int:
    coarse = history[::COARSE]
    longest = LONGEST_PERIOD // COARSE
    recent = coarse[longest:]
    best, best_score = longest, 0.0
    for lag in range(SHORTEST_PERIOD // COARSE, longest + 1):
        earlier = coarse[longest - lag : len(coarse) - lag]
        score = float(recent @ earlier) / (float(np.linalg.norm(earlier)) + 1e-6)
        if score > best_score:
            best, best_score = lag, score
    return best * COARSE
