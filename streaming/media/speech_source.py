"""Where the speech of a stream comes from, and going over from one source to another."""

from typing import Protocol

import numpy as np

from avatar.media.samples import Samples
from streaming.media.audio_input import AudioInput
from streaming.media.clock import VOICE_PER_FRAME
from streaming.media.speech_queue import SpeechQueue

FADE_SAMPLES = 240  # 5 ms: a source is faded over where another takes its place
SPANS_KEPT = 4  # each lasts a frame at least, and no voice is asked for later than that


class SpeechSource(Protocol):
    """Sound by position: chunks for the lips, and the voice that is heard with them."""

    async def wait_for_frame(self, number: int, until: float) -> None:
        """Return once the sound beside video frame `number` may be asked for, `until` at last."""
        ...

    def chunk(self, number: int) -> Samples:
        """Sound beside video frame `number`: (640,) float32 at 16 kHz; asked for in order."""
        ...

    def voice(self, start: int, count: int) -> Samples:
        """The sound itself at positions [start, start + count), 48 kHz."""
        ...


class SourceSwitch:
    """The microphone, or pushed speech in its place; who spoke at a position keeps it."""

    def __init__(self, microphone: AudioInput) -> None:
        self._microphone = microphone
        self._spans: list[tuple[float, SpeechSource]] = [(-np.inf, microphone)]  # begin, source
        self._next = 0  # the frame to be cut next

    @property
    def _now(self) -> SpeechSource:
        return self._spans[-1][1]

    def select(self, source: "AudioInput | SpeechQueue") -> None:
        """`source` speaks from the next frame on."""
        begin = self._next * VOICE_PER_FRAME
        if self._spans[-1][0] == begin:
            self._spans.pop()
        self._spans = [*self._spans[-SPANS_KEPT:], (begin, source)]

    async def wait_for_frame(self, number: int, until: float) -> None:
        await self._now.wait_for_frame(number, until)

    def chunk(self, number: int) -> Samples:
        self._next = number + 1
        if self._now is not self._microphone:
            self._microphone.skip(number)
        return self._now.chunk(number)

    def voice(self, start: int, count: int) -> Samples:
        if self._spans[-1][0] + FADE_SAMPLES <= start:
            return self._now.voice(start, count)
        heard = np.zeros(count, np.float32)
        place = np.arange(start, start + count)
        ends = [begin for begin, _ in self._spans[1:]] + [np.inf]
        for (begin, source), end in zip(self._spans, ends, strict=True):
            if begin < start + count and end > start:
                gain = np.clip(np.minimum(place - begin, end - place) / FADE_SAMPLES, 0.0, 1.0)
                heard += source.voice(start, count) * gain.astype(np.float32)
        return heard
