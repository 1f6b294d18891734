"""One stretch of pushed speech, such as one sentence of a text-to-speech."""

from collections import deque
from collections.abc import Callable

import numpy as np

from avatar.audio import Resampler
from avatar.media.samples import Samples
from streaming.media.clock import VOICE_RATE


class SpeechSegment:
    """What waits of it, and at which positions the rest was laid out."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.waiting = 0  # samples of 48 kHz
        self.ended = False
        self.abandoned = False
        self.flowing = False  # what comes is laid out at once
        self._pieces: deque[Samples] = deque()
        self._resampler: Resampler | None = None
        self._runs: list[tuple[int, int]] = []  # position, samples: broken where speech ran out

    @property
    def begun(self) -> bool:
        return bool(self._runs)

    @property
    def reaches(self) -> int:
        """The position up to which it is laid out."""
        return sum(self._runs[-1]) if self._runs else 0

    @property
    def drained(self) -> bool:
        """Whether all of it is laid out."""
        return self.ended and not self.waiting

    def push(self, samples: Samples, rate: int) -> None:
        """(n,) float32 at `rate`, which may change."""
        if self._resampler is None or self._resampler.rate != rate:
            self._flush()
            self._resampler = Resampler(rate, VOICE_RATE)
        self._add(self._resampler.push(samples))

    def end(self) -> None:
        """Nothing more will come."""
        self._flush()
        self.ended = True

    def take(self, count: int, position: int) -> Samples:
        """At most `count` samples, which are heard from `position` on."""
        pieces, missing = [np.zeros(0, np.float32)], min(count, self.waiting)
        self.waiting -= missing
        while missing:
            piece = self._pieces.popleft()
            if len(piece) > missing:
                self._pieces.appendleft(piece[missing:])
            pieces.append(piece[:missing])
            missing -= len(pieces[-1])
        taken = np.concatenate(pieces)
        self._note(position, len(taken))
        return taken

    def take_back(self, position: int, laid: Callable[[int, int], Samples]) -> None:
        """What would be heard from `position` on waits again; `laid`: what was laid out there."""
        for start, count in reversed(self._runs):
            begin = max(start, position)
            back = max(0, start + count - begin)
            if back:
                self._pieces.appendleft(laid(begin, back))
                self.waiting += back
        self._runs = [
            (start, min(count, position - start)) for start, count in self._runs if start < position
        ]
        self.flowing = False

    def heard(self, position: float) -> float:
        """Samples of it that are heard before `position`."""
        return sum(min(max(position - start, 0), count) for start, count in self._runs)

    def _note(self, position: int, count: int) -> None:
        if self._runs and self.reaches == position:
            self._runs[-1] = (self._runs[-1][0], self._runs[-1][1] + count)
        elif count:
            self._runs.append((position, count))

    def _flush(self) -> None:
        if self._resampler:
            self._add(self._resampler.flush())

    def _add(self, samples: Samples) -> None:
        if len(samples):
            self._pieces.append(samples)
            self.waiting += len(samples)
