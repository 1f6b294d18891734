"""Reads the watermark of a video of any length, two seconds at a time, in constant memory."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streaming.marks.pattern import KEY
from streaming.marks.payload import Payload, speaker_hash
from streaming.marks.search import Geometry, Sighting, View, measure_chips, read
from streaming.marks.window import Luma, Window

SECONDS = 2.0  # of a window
RATE = 5.0  # pictures looked at a second
CERTAIN = 7.5  # score at which the mark is there, whether it can be read or not
SURE = 9.0
READABLE = 5.5  # score from which a reading that holds its check counts
KEPT = 0.7  # what a stretch weighs in the next, so that a faint mark adds up


@dataclass
class WatermarkFinding:
    """What was read until now."""

    windows: int = 0
    "Stretches of two seconds that were looked at."
    marked: int = 0
    "Of those, how many carry the mark."
    score: float = 0.0
    "The highest correlation, in standard deviations; chance alone gives less than CERTAIN."
    begins: float | None = None
    "Seconds into the video at which the first marked stretch begins."
    ends: float = 0.0
    geometry: Geometry | None = None
    readings: Counter[Payload] = field(default_factory=Counter)

    @property
    def found(self) -> bool:
        return self.marked > 0

    def speaker_of(self, names: Iterable[str]) -> str:
        """Which of `names` the mark stands for; nothing if none."""
        payload = self.payload
        same = (name for name in names if payload and speaker_hash(name) == payload.speaker)
        return next(same, "")

    @property
    def confidence(self) -> str:
        """`certain`, `likely` or `none`."""
        if not self.found:
            return "none"
        return "certain" if self.readings.total() > 1 or self.score >= SURE else "likely"

    @property
    def payload(self) -> Payload | None:
        """What most of the readings say; None if the mark was only seen."""
        return self.readings.most_common(1)[0][0] if self.readings else None


class WatermarkReader:
    """Give it the pictures of a video, about RATE of them a second, then look at `finding`."""

    def __init__(self, key: bytes = KEY) -> None:
        self.finding = WatermarkFinding()
        self._key = key
        self._window = Window(key=key)
        self._began: float | None = None
        self._shape: tuple[int, ...] | None = None
        self._chips: NDArray[np.float32] | None = None

    def add(self, time: float, luma: Luma) -> None:
        """The picture (H, W) shown at `time` in seconds."""
        resized = self._shape not in (None, luma.shape)
        if self._began is not None and (resized or time >= self._began + SECONDS):
            self.flush(time)
        if resized:
            self._forget()
        if self._began is None:
            self._began, self._shape = time, luma.shape
        self._window.add(luma)

    def flush(self, time: float) -> None:
        """Look at what was added since the last time, up to `time`."""
        if self._began is None:
            return
        self.finding.windows += 1
        sightings = self._window.sightings()
        self.finding.score = max(self.finding.score, sightings[0][1].score)
        known = next((one for view, one in sightings if self._take(view, one, time)), None)
        if known:
            self._window = Window(known.geometry, self._key)
        elif self._chips is not None:
            self._forget()
        else:
            self._window.fade(KEPT)
        self._began = None

    def _forget(self) -> None:
        self._window, self._chips = Window(key=self._key), None

    def _take(self, view: View, sighting: Sighting, time: float) -> bool:
        """Whether the mark is there; if so, note it."""
        if sighting.score < READABLE:
            return False
        chips = measure_chips(view, sighting, self._key)
        if self._chips is not None:
            chips += KEPT * self._chips
        payload = read(chips)
        if payload is None and sighting.score < CERTAIN:
            return False
        self._chips = chips
        finding = self.finding
        finding.marked += 1
        finding.begins = self._began if finding.begins is None else finding.begins
        finding.ends = time
        finding.geometry = sighting.geometry
        if payload:
            finding.readings[payload] += 1
        return True
