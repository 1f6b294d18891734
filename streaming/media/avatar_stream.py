"""One voice and the face that follows it: sound goes in, pictures and voice come out in step."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal

from avatar.audio import FPS
from avatar.errors import AvatarError
from avatar.gestures import Gesture, GestureName
from streaming.core import metrics
from streaming.marks.watermark import SpeakerWatermark
from streaming.media.audio_input import AudioInput
from streaming.media.clock import VOICE_PER_FRAME, VOICE_RATE, SessionClock
from streaming.media.frame_buffer import FrameBuffer
from streaming.media.frame_marker import FrameMarker
from streaming.media.playout import VOICE_PACKET, Playout
from streaming.media.sink import Sink
from streaming.media.speech_queue import SpeechEvent, SpeechQueue
from streaming.media.speech_source import SourceSwitch
from streaming.media.trace import ARRIVAL_MARGIN, FrameTraces
from streaming.render.caller import Caller, Moved, unmoved
from streaming.render.client import RenderClient
from streaming.render.renderer import I420

SourceName = Literal["microphone", "pushed"]
VOICE_PACKET_S = VOICE_PACKET / VOICE_RATE  # 20 ms: a sink is given sound in such pieces


def needed_sound(lookahead: int) -> float:
    """Seconds of a picture's sound: its own frame's and those of the look-ahead."""
    return (lookahead + 1) / FPS


def stream_delay(lookahead: int, budget: float, lead: float = 0.0) -> float:
    """Seconds from a sound's being due here to its picture's leaving.

    lookahead: frames heard beyond a picture's own; budget: for rendering; lead: seconds that some
    sink wants sound before its picture.
    """
    return ARRIVAL_MARGIN + max(needed_sound(lookahead) + budget, lead + VOICE_PACKET_S)


class AvatarStream:
    """The clock, the speech that comes in and the pictures that follow from it.

    Feed `sound`, or push speech in its place; run `submit_chunks` and a `playout` for each sink.
    """

    def __init__(
        self,
        worker: RenderClient,
        clock: SessionClock,
        block_code: bool = False,
        watermark: bool = True,
        moved: Moved = unmoved,
    ) -> None:
        """`clock`: with the delay of `stream_delay`; `moved` is told what the face does."""
        self._moved = moved
        self.clock = clock
        self.sound = AudioInput(self.clock)
        self.lookahead = worker.lookahead
        self.traces = FrameTraces(self.clock, self.lookahead)
        self._speech = SourceSwitch(self.sound)
        self._pushed: SpeechQueue | None = None
        self._renderer = worker
        self._pictures = FrameBuffer()
        self._code = FrameMarker() if block_code else None
        self._watermark = SpeakerWatermark() if watermark else None
        self._caller: Caller | None = None
        self._over = False
        self.speakers: list[str] = []
        "All whose faces were driven, in their order."
        self.sources: list[SourceName] = []
        "All that drove them."

    @property
    def begun(self) -> float:
        """Monotonic time at which the clock started; minus infinity: not yet, or over."""
        running = self.clock.started and not self._over
        return self.clock.capture(0) if running else -math.inf

    @property
    def speaker(self) -> str:
        """Whose face it is; nobody's before `join`."""
        return self._caller.speaker if self._caller else ""

    @property
    def failing(self) -> bool:
        """Whether the renderer could not draw the latest picture, or lately gave many up."""
        if self._caller is None:
            return False
        return self._caller.failing or self._caller.behind(self.clock.monotonic())

    @property
    def source(self) -> SourceName:
        """Where the speech comes from now."""
        return "microphone" if self._pushed is None else "pushed"

    @property
    def speaking(self) -> bool:
        """Whether pushed speech is heard, or waits to be."""
        return self._pushed is not None and self._pushed.speaking

    def playout(self, sink: Sink, traces: FrameTraces | None = None) -> Playout:
        """What brings this stream to `sink` while it runs; `traces` of the frames it shows."""
        return Playout(self.clock, self._pictures, self._speech, sink, traces)

    @asynccontextmanager
    async def pushed_speech(
        self, report: Callable[[SpeechEvent], None]
    ) -> AsyncIterator[SpeechQueue]:
        """While this lasts, what is pushed is spoken instead of `sound`.

        `report` is told what is heard. Raises AvatarError if speech is pushed by somebody else.
        """
        if self._pushed is not None:
            raise AvatarError("somebody else speaks with this face already; wait until they leave")
        self._pushed = queue = SpeechQueue(self.clock, self.lookahead, report)
        self._speech.select(queue)
        reports = asyncio.create_task(queue.run_reports())
        try:
            yield queue
        finally:
            queue.clear()
            reports.cancel()
            await asyncio.gather(reports, return_exceptions=True)
            self._speech.select(self.sound)
            self._pushed = None

    async def join(self, speaker: str) -> None:
        """Take a place with the renderer. Raises AvatarError if the speaker cannot be loaded."""
        self._caller = await self._renderer.join(
            speaker, self._finished, self.traces.given_up, self._moved
        )

    async def switch(self, speaker: str) -> None:
        """Show another speaker as soon as it is loaded. Raises AvatarError."""
        if self._caller:
            await self._renderer.switch(self._caller, speaker)

    @property
    def can_do(self) -> tuple[GestureName, ...]:
        """The gestures that its speaker can be asked for."""
        return self._renderer.can_do(self.speaker)

    def gesture(self, gesture: Gesture) -> None:
        """Have the face make a gesture, from the next picture on.

        Raises AvatarError if its speaker does not show it.
        """
        if self._caller:
            self._renderer.gesture(self._caller, gesture)

    def leave(self) -> None:
        """Give the place with the renderer back."""
        self._over = True
        if self._caller:
            self._renderer.leave(self._caller)

    async def submit_chunks(self) -> None:
        """Cut the sound into chunks as they fall due and hand them to the renderer."""
        assert self._caller is not None
        await self.clock.wait_started()
        number = 0
        while True:
            due = self.clock.capture((number + 1) * VOICE_PER_FRAME)
            await self._speech.wait_for_frame(number, due + ARRIVAL_MARGIN)
            self.traces.sound_complete(number - self.lookahead)
            metrics.SOUND_STAGE.observe(max(0.0, self.clock.monotonic() - due))
            chunk = self._speech.chunk(number)
            self._note_use()
            if self._code:
                self._code.hear(number, chunk)
            frame = number - self.lookahead
            self.traces.submitted(frame)
            picture_due = self.clock.present(frame * VOICE_PER_FRAME)
            self._renderer.submit(self._caller, number, chunk, picture_due)
            number += 1

    def _note_use(self) -> None:
        if self.speaker not in self.speakers:
            self.speakers.append(self.speaker)
        if self.source not in self.sources:
            self.sources.append(self.source)

    def _finished(self, number: int, picture: I420) -> None:
        heard = self.clock.capture((number + self.lookahead + 1) * VOICE_PER_FRAME)
        self.traces.rendered(number)
        metrics.FINISHED_STAGE.observe(max(0.0, self.clock.monotonic() - heard))
        if self._watermark:
            self._watermark.mark(self.speaker, picture)
        self._pictures.put(number, self._code.burn(number, picture) if self._code else picture)
