"""Small beats of the head on stressed syllables, from the sound alone.

A syllable counts as stressed if it rises out of what came before and above the speaker's usual
level.  Sound is heard one or two frames before its picture is drawn, so a beat is deepest with it.
"""

import numpy as np

from avatar.gestures import AT_REST, HeadTurn
from avatar.media.samples import Samples

QUIET_DB = -50.0  # below full scale: no speech, whatever the speaker's usual level
RISE_DB = 6.0  # within RISE_FRAMES
RISE_FRAMES = 3
ABOVE_DB = 1.0  # the usual level
USUAL_FRAMES = 75  # over which that is found
SPEECH_FRAMES = 10  # since the last sound of speech: still speaking
BEAT_FRAMES = 12
PAUSE_FRAMES = (15, 45)  # from a beat to the next at the earliest, drawn anew each time
PITCH_DEG = (0.8, 1.6)  # down
SIDE_DEG = 0.6  # yaw and roll


class Beats:
    """Hears one stream, chunk by chunk."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._recent = [QUIET_DB] * RISE_FRAMES
        self._usual: float | None = None  # dB, of speech
        self._quiet = SPEECH_FRAMES  # frames since the last speech
        self._pause = 0  # frames until another beat may begin
        self._beat = AT_REST
        self._frame = BEAT_FRAMES  # of the beat

    @property
    def speaking(self) -> bool:
        """Whether there was speech a moment ago."""
        return self._quiet < SPEECH_FRAMES

    def hear(self, chunk: Samples) -> HeadTurn:
        """The sound (640,) that the look-ahead brings -> the turn of the frame drawn now."""
        level = 10 * float(np.log10(np.mean(np.square(chunk, dtype=np.float64)) + 1e-10))
        speech = level > QUIET_DB
        self._quiet = 0 if speech else self._quiet + 1
        rise = level - min(self._recent)
        if speech and self._usual is None:
            self._usual = level
        if self._usual is not None and speech:
            self._usual += (level - self._usual) / USUAL_FRAMES
        stressed = speech and rise > RISE_DB and level > (self._usual or 0.0) + ABOVE_DB
        self._recent = [*self._recent[1:], level]
        self._pause -= 1
        self._frame += 1
        if stressed and self._pause <= 0:
            self._begin()
        return self._beat.times(_curve(self._frame / BEAT_FRAMES))

    def _begin(self) -> None:
        yaw, roll = self._random.uniform(-SIDE_DEG, SIDE_DEG, 2)
        self._beat = HeadTurn(yaw, -self._random.uniform(*PITCH_DEG), roll)
        self._pause, self._frame = int(self._random.integers(*PAUSE_FRAMES)), 0


def _curve(share: float) -> float:
    """From 0 by 1 to 0, without a jump of its speed; deepest after a third."""
    if not 0 < share < 1:
        return 0.0
    warped = share**0.63  # a half at a third
    return float(np.sin(np.pi * warped) ** 2)
