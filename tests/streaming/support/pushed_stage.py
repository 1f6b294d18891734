"""Pushed speech from its queue to a sink in virtual time, drawn by the level bar."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from streaming.media.avatar_stream import AvatarStream, stream_delay
from streaming.media.clock import VOICE_RATE
from streaming.media.playout import VOICE_PACKET
from streaming.media.speech_queue import SpeechEvent, SpeechQueue
from streaming.render.batcher import Batcher
from streaming.render.caller import Deliver, GivenUp, Moved
from streaming.render.capacity import StepCost
from streaming.render.renderer import Chunk
from streaming.render.step_pace import StepPace
from tests.sounds import PITCH, pcm16, tone
from tests.streaming.support.level_bar import LevelBar
from tests.streaming.support.stepped_clock import NotingSink, SteppedClock
from tests.streaming.support.virtual_time import VirtualTime

BUDGET = 0.026  # seconds for rendering, as on two cores
RATE = 24_000
LEVEL = 12_000 / 32_767  # of what is pushed
REST = 90  # brightness of the level bar where no sound is


def speech(seconds: float, rate: int = RATE, hertz: float = PITCH) -> bytes:
    """A tone in 16-bit PCM, as a text-to-speech gives it."""
    return pcm16(tone(seconds, rate, hertz, LEVEL))


class PromptRenderer:
    """Draws a chunk as soon as it is handed over."""

    def __init__(self, time: VirtualTime, lookahead: int) -> None:
        self.time = time
        self.lookahead = lookahead
        self.handed_over: list[tuple[float, int]] = []
        self._batches = Batcher(StepPace([StepCost(1, 0.001, 0.001)]), monotonic=time)
        self._deliver: Deliver

    async def join(self, speaker: str, deliver: Deliver, _: GivenUp, __: Moved) -> Any:
        self._deliver = deliver
        self._batches.join(0, LevelBar(lookahead=self.lookahead))
        return SimpleNamespace(speaker=speaker)

    def submit(self, _caller: Any, number: int, chunk: Chunk, due: float) -> None:
        self.handed_over.append((self.time.now, number))
        self._batches.add(0, number, chunk, due)
        for step in self._batches.step():
            for rendered in step.rendered:
                if rendered.picture is not None:
                    self._deliver(rendered.frame, rendered.picture.i420[440:, 256:260])


@dataclass
class Stage:
    """A performance under way; what its sink got, and what its queue told."""

    time: VirtualTime
    stream: AvatarStream
    sink: NotingSink
    renderer: PromptRenderer
    events: list[tuple[float, SpeechEvent]] = field(default_factory=list)

    def note(self, event: SpeechEvent) -> None:
        self.events.append((self.time.now, event))

    @property
    def begun(self) -> float:
        """The time at which position 0 left."""
        return self.stream.clock.present(0)

    def heard(self) -> npt.NDArray[np.float32]:
        """All voice so far, from position 0 on."""
        starts = [start for _, start, _ in self.sink.sound]
        assert starts == [n * VOICE_PACKET for n in range(len(starts))], "every piece, in order"
        return np.concatenate([samples for _, _, samples in self.sink.sound])

    def sounding(self) -> tuple[float, float]:
        """When, counted from position 0, the first and the last sound left."""
        loud = np.flatnonzero(np.abs(self.heard()) > 0.001)
        return loud[0] / VOICE_RATE, loud[-1] / VOICE_RATE

    def open_frames(self) -> list[int]:
        """The numbers of pictures with an open mouth."""
        return [number for _, number, value in self.sink.pictures if value != REST]

    def opened_at(self) -> list[float]:
        """When pictures with an open mouth left."""
        return [at for at, _, value in self.sink.pictures if value != REST]


@asynccontextmanager
async def performing(
    time: VirtualTime, lead: float = 0.0, lookahead: int = 2
) -> AsyncIterator[Stage]:
    """A performance whose clock started now."""
    clock = SteppedClock(time, stream_delay(lookahead, BUDGET, lead))
    renderer = PromptRenderer(time, lookahead)
    stream = AvatarStream(renderer, clock)  # type: ignore[arg-type]
    await stream.join("bar")
    sink = NotingSink(time, lead=lead)
    clock.start(time.now)
    tasks = [
        asyncio.create_task(work) for work in (stream.submit_chunks(), stream.playout(sink).run())
    ]
    try:
        yield Stage(time, stream, sink, renderer)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def pushing(
    time: VirtualTime, lead: float = 0.0, lookahead: int = 2
) -> AsyncIterator[tuple[Stage, SpeechQueue]]:
    """A performance in which speech is pushed from its start on."""
    async with (
        performing(time, lead, lookahead) as stage,
        stage.stream.pushed_speech(stage.note) as queue,
    ):
        yield stage, queue
