"""Do made lips open when the true ones do?"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Track = NDArray[np.floating[Any]]


def aperture_correlation(
    true: Track,
    made: Track,
    max_lag: int,
    clip: NDArray[np.int32] | None = None,
) -> tuple[float, float]:
    """Highest correlation of two aperture tracks (F,) over shifts in time, and that shift.

    Shifts reach from -max_lag to max_lag frames; the lag is positive where `made` is late, and
    refined between frames by a parabola through the peak.  Frames that are NaN in either track are
    left out; `clip` (F,) numbers the clips, which no shift crosses.  A track that never moves
    correlates 0.
    """
    lags = np.arange(-max_lag, max_lag + 1)
    found = np.array([_correlation(true, made, int(lag), clip) for lag in lags])
    best = int(found.argmax())
    if not 0 < best < len(lags) - 1:
        return float(found[best]), float(lags[best])
    before, peak, after = found[best - 1 : best + 2]
    bend = before - 2 * peak + after
    offset = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(peak - 0.25 * (before - after) * offset), float(lags[best] + offset)


def _correlation(true: Track, made: Track, lag: int, clip: NDArray[np.int32] | None) -> float:
    length = len(true) - abs(lag)
    first_true, first_made = max(-lag, 0), max(lag, 0)
    a = np.asarray(true[first_true : first_true + length], np.float64)
    b = np.asarray(made[first_made : first_made + length], np.float64)
    keep = np.isfinite(a) & np.isfinite(b)
    if clip is not None:
        keep &= clip[first_true : first_true + length] == clip[first_made : first_made + length]
    a, b = a[keep], b[keep]
    if len(a) < 3 or a.std() < 1e-9 or b.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
