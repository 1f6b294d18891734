"""Brings one stream to one sink: 25 pictures a second and the voice, on the one clock."""

import asyncio
import math

from avatar.errors import AvatarError
from streaming.core import metrics
from streaming.media.clock import VOICE_PER_FRAME, VOICE_RATE, SessionClock
from streaming.media.frame_buffer import FrameBuffer
from streaming.media.sink import Sink
from streaming.media.speech_source import SpeechSource
from streaming.media.trace import FrameTraces

VOICE_PACKET = VOICE_RATE // 50  # 20 ms, what the Opus encoder takes


class Playout:
    """Frame n is shown at the clock's `present` of its first sample; a late one is the last one.

    Frames that the sink was not ready for are skipped, never delayed: numbers follow the clock.
    Sound comes `sink.lead` seconds before its picture, and none of it is ever dropped.
    """

    def __init__(
        self,
        clock: SessionClock,
        pictures: FrameBuffer,
        sound: SpeechSource,
        sink: Sink,
        traces: FrameTraces | None = None,
    ) -> None:
        """`traces`: where to note what became of each frame."""
        self.sent = 0
        self.repeated = 0  # shown with an older picture because the new one was late
        self.skipped = 0  # never shown because the sink was busy or the event loop was held up
        self._clock = clock
        self._pictures = pictures
        self._sound = sound
        self._sink = sink
        self._traces = traces
        self._voice_late = 0.0  # seconds that the latest voice left after its time
        self._held_up = 0.0  # seconds that the event loop woke up late since the frame before

    @property
    def late(self) -> int:
        return self.repeated + self.skipped

    async def run(self) -> None:
        """Present until cancelled. Raises AvatarError if the sink cannot go on."""
        await self._clock.wait_started()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._show())
                tasks.create_task(self._speak())
        except* AvatarError as errors:
            raise errors.exceptions[0] from None

    async def _show(self) -> None:
        following = self._due()
        while True:
            await self._sink.ready()
            number = max(following, self._due())
            self._count_skipped(range(following, number))
            self._held_up = 0.0
            following = number + 1
            await self._sleep_until(self._clock.present(number * VOICE_PER_FRAME))
            found = self._pictures.for_frame(number)
            if found is None:
                continue  # the very first picture is not there yet
            self._count_sent(number, repeated=found[0] < number)
            self._sink.show(number, found[1])

    async def _speak(self) -> None:
        early = self._clock.monotonic() + self._sink.lead - self._clock.present(0)
        packet = max(0, math.ceil(early * VOICE_RATE / VOICE_PACKET))
        while True:
            start = packet * VOICE_PACKET
            await self._sleep_until(self._clock.present(start) - self._sink.lead)
            self._voice_late = self._lateness(start) + self._sink.lead
            self._sink.speak(start, self._sound.voice(start, VOICE_PACKET))
            packet += 1

    async def _sleep_until(self, moment: float) -> None:
        slept = moment > self._clock.monotonic()
        await self._clock.sleep_until(moment)
        if slept:
            self._held_up = max(self._held_up, self._clock.monotonic() - moment)

    def _count_sent(self, number: int, repeated: bool) -> None:
        self.sent += 1
        self.repeated += repeated
        metrics.PICTURES.inc()
        metrics.REPEATED.inc(repeated)
        metrics.SKEW.observe(abs(self._lateness(number * VOICE_PER_FRAME) - self._voice_late))
        if self._traces and repeated:
            self._traces.missed(number, "repeated", self._held_up)
        elif self._traces:
            self._traces.shown(number)

    def _count_skipped(self, numbers: range) -> None:
        self.skipped += len(numbers)
        metrics.SKIPPED.inc(len(numbers))
        if self._traces:
            for number in numbers:
                self._traces.missed(number, "skipped", self._held_up)

    def _lateness(self, position: int) -> float:
        return self._clock.monotonic() - self._clock.present(position)

    def _due(self) -> int:
        """The frame that the clock shows now."""
        shown = self._clock.monotonic() - self._clock.present(0)
        return max(0, int(shown * VOICE_RATE // VOICE_PER_FRAME))
