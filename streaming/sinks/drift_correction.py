"""Keeps a sound device that has a clock of its own in step with the pictures' clock.

Two sound cards never agree on what a second is; 200 parts in a million are 120 ms in ten minutes.
The voice is therefore read a little faster or slower than the device plays it, far below what an
ear notices, and only jumps when it is out of step by more than an eye forgives.
"""

from streaming.media.clock import VOICE_RATE

MOST_STRETCH = 0.001  # of the speed: under two hundredths of a semitone
TIME_CONSTANT_S = 5.0  # in which an error is worked off
SMOOTHING_S = 1.0  # over which the device's own account of its delay is averaged
MAX_ERROR_S = 0.030  # out of step beyond which the voice jumps


class DriftCorrection:
    """Decides for every block of a device which sound it plays, and how fast."""

    def __init__(self) -> None:
        self.slips = 0  # jumps, the first one not counted
        self.error = 0.0  # samples that the voice is behind, smoothed
        self._place: float | None = None

    def next(self, wanted: float, frames: float) -> tuple[float, float]:
        """(position of the first sample, step from one to the next) of `frames` of 48 kHz.

        wanted: position in the voice, in 48 kHz samples, that is due when the block is heard.
        """
        if self._place is None:
            self._place = wanted
        share = min(1.0, frames / (VOICE_RATE * SMOOTHING_S))
        self.error += (wanted - self._place - self.error) * share
        if abs(self.error) > MAX_ERROR_S * VOICE_RATE:
            self._place, self.error = wanted, 0.0
            self.slips += 1
        start = self._place
        stretch = self.error / (VOICE_RATE * TIME_CONSTANT_S)
        step = 1.0 + max(-MOST_STRETCH, min(MOST_STRETCH, stretch))
        self._place += step * frames
        return start, step
