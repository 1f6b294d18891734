"""Sees and hears what is published in a room of LiveKit, and speaks as its agent."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents.voice.io import AudioOutput

from streaming.doors.livekit_plugin import SPEECH_RATE
from tests.streaming.support.level_bar import SIZE
from tests.streaming.support.polling import until
from tests.streaming.support.pushed_stage import REST, speech


@dataclass
class Room:
    """What is published in a room, read as a subscriber would."""

    output: AudioOutput
    face: list[tuple[float, int]] = field(default_factory=list)  # arrival, brightness at the bar
    labelled: bool = True  # all pictures so far
    voice: list[tuple[float, float]] = field(default_factory=list)  # arrival, level
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def watch(self, track: Any) -> None:
        async with contextlib.aclosing(rtc.VideoStream(track)) as stream:
            async for event in stream:
                frame = event.frame.convert(rtc.VideoBufferType.I420)
                assert (frame.width, frame.height) == (SIZE, SIZE)
                luma = np.frombuffer(frame.data, np.uint8)[: SIZE * SIZE].reshape(SIZE, SIZE)
                self.labelled &= bool((luma[:60, -80:] > 200).any())
                self.face.append((time.monotonic(), frame.data[445 * SIZE + SIZE // 2]))

    async def listen(self, track: Any) -> None:
        stream = rtc.AudioStream(track, sample_rate=48_000, num_channels=1)
        async with contextlib.aclosing(stream):
            async for event in stream:
                level = float(np.abs(np.frombuffer(event.frame.data, np.int16)).mean())
                self.voice.append((time.monotonic(), level))

    async def say(self, seconds: float) -> None:
        pcm = speech(seconds, SPEECH_RATE)
        for start in range(0, len(pcm), 4800):
            piece = pcm[start : start + 4800]
            await self.output.capture_frame(rtc.AudioFrame(piece, SPEECH_RATE, 1, len(piece) // 2))
        self.output.flush()

    def heard(self) -> list[float]:
        return [at for at, level in self.voice if level > 300]

    def seen_open(self) -> list[float]:
        return [at for at, value in self.face if abs(value - REST) > 40]


@asynccontextmanager
async def reading_back(output: AudioOutput, voice: Any, picture: Any) -> AsyncIterator[Room]:
    """The two tracks of a face that speaks what is given to `output`."""
    room = Room(output)
    room.tasks += [
        asyncio.create_task(room.listen(voice)),
        asyncio.create_task(room.watch(picture)),
    ]
    await until(lambda: len(room.face) > 10)
    try:
        yield room
    finally:
        for task in room.tasks:
            task.cancel()
        await asyncio.gather(*room.tasks, return_exceptions=True)
