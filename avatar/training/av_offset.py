"""The training video's own offset between sound and picture."""

import numpy as np
from numpy.typing import NDArray

from avatar.audio import SAMPLES_PER_FRAME

MAX_FRAMES = 8
EVIDENCE = 0.3  # correlation by which lips can be said to follow a sound; chance stays below
RECORDING_FAULT_FRAMES = 0.9  # less is how speech is: lips lead or lag their sound a little


def av_offset(
    heard: NDArray[np.float32], seen: NDArray[np.float32], clip: NDArray[np.int32]
) -> float:
    """Frames by which the sound comes late: heard(n + offset) matches seen(n).

    heard (F,) aperture the speech encoder expects, seen (F,) tracked aperture; windows never cross
    a clip.  The peak of the correlation over lags, refined by a parabola; 0 where at no lag the
    lips follow the sound, as in a video without speech.
    """
    lags = np.arange(-MAX_FRAMES, MAX_FRAMES + 1)
    scores = _correlations(heard, seen, clip)
    best = int(scores[1:-1].argmax()) + 1
    before, peak, after = scores[best - 1 : best + 2]
    if peak < EVIDENCE:
        return 0.0
    bend = before - 2 * peak + after
    return float(lags[best] + (0.5 * (before - after) / bend if bend < 0 else 0.0))


def best_correlation(
    heard: NDArray[np.float32], seen: NDArray[np.float32], clip: NDArray[np.int32]
) -> float:
    """How well the lips follow the sound at the lag at which they follow it best."""
    return float(_correlations(heard, seen, clip).max())


def align_sound(sound: NDArray[np.float32], offset_frames: float) -> NDArray[np.float32]:
    """Move the sound so that it is no longer `offset_frames` late; the length stays."""
    if abs(offset_frames) < RECORDING_FAULT_FRAMES:
        return sound
    shift = round(offset_frames * SAMPLES_PER_FRAME)
    moved = np.zeros_like(sound)
    if shift > 0:
        moved[:-shift] = sound[shift:]
    else:
        moved[-shift:] = sound[:shift]
    return moved


def _correlations(
    heard: NDArray[np.float32], seen: NDArray[np.float32], clip: NDArray[np.int32]
) -> NDArray[np.float64]:
    """At every lag from -MAX_FRAMES to MAX_FRAMES."""
    lags = range(-MAX_FRAMES, MAX_FRAMES + 1)
    return np.array([correlation_at(heard, seen, clip, lag) for lag in lags])


def correlation_at(
    heard: NDArray[np.float32], seen: NDArray[np.float32], clip: NDArray[np.int32], lag: int
) -> float:
    """Of heard(n + lag) and seen(n), both (F,), over the pairs that lie in one clip."""
    count = len(seen)
    there = np.arange(count) + lag
    inside = (there >= 0) & (there < count)
    inside[inside] &= clip[there[inside]] == clip[inside]
    if inside.sum() < 3:
        return 0.0
    pair = heard[there[inside]], seen[inside]
    return 0.0 if min(map(np.ptp, pair)) == 0 else float(np.corrcoef(*pair)[0, 1])
