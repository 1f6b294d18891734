"""The real AvatarRunner and its real tracks, read back without a server."""

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import numpy as np
import pytest

pytest.importorskip("livekit.agents", reason="livekit-agents is not installed")

from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.ipc.mock_room import create_mock_room
from livekit.agents.voice.io import AudioOutput

from streaming.doors.livekit_plugin import SPEECH_RATE, AvatarSession
from tests.streaming.support.level_bar import SIZE, find_bars
from tests.streaming.support.polling import until
from tests.streaming.support.pushed_stage import REST, speech


@dataclass
class Room:
    """What is published in a room, read as a subscriber would."""

    output: AudioOutput
    face: list[tuple[float, int]] = field(default_factory=list)  # arrival, brightness at the bar
    voice: list[tuple[float, float]] = field(default_factory=list)  # arrival, level
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def watch(self, track: Any) -> None:
        async with contextlib.aclosing(rtc.VideoStream(track)) as stream:
            async for event in stream:
                frame = event.frame.convert(rtc.VideoBufferType.I420)
                assert (frame.width, frame.height) == (SIZE, SIZE)
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
async def agent_with_a_face(folder: Path) -> AsyncIterator[Room]:
    """`AvatarSession.start` as an agent calls it, in a room that is none."""
    create_mock_room.cache_clear()
    mock = create_mock_room()
    mock.local_participant.publish_track = publish = AsyncMock()
    session: AgentSession[None] = AgentSession()
    face = AvatarSession(find=functools.partial(find_bars, folder))
    async with AsyncExitStack() as closing:
        await face.start(session, mock)
        closing.push_async_callback(face.aclose)
        assert session.output.audio is not None
        room = Room(session.output.audio)
        await until(lambda: publish.await_count == 2)
        voice, picture = (call.args[0] for call in publish.await_args_list)
        room.tasks += [
            asyncio.create_task(room.listen(voice)),
            asyncio.create_task(room.watch(picture)),
        ]
        await until(lambda: len(room.face) > 10)
        yield room
        for task in room.tasks:
            task.cancel()
        await asyncio.gather(*room.tasks, return_exceptions=True)


async def test_what_an_agent_says_is_played_with_its_lips_and_finished(tmp_path: Path) -> None:
    async with agent_with_a_face(tmp_path) as room:
        started: list[float] = []
        room.output.on("playback_started", lambda _: started.append(time.monotonic()))
        pushed = time.monotonic()
        await room.say(1.0)
        finished = await asyncio.wait_for(room.output.wait_for_playout(), 20)
        assert started
        assert not finished.interrupted
        assert finished.playback_position == pytest.approx(1.0, abs=0.05)
        await until(lambda: room.seen_open() and room.heard())
        print(
            f"first speaking picture {(room.seen_open()[0] - pushed) * 1000:.0f} ms, voice after "
            f"lips {(room.heard()[0] - room.seen_open()[0]) * 1000:.0f} ms"
        )


async def test_an_interruption_says_how_far_it_came(tmp_path: Path) -> None:
    async with agent_with_a_face(tmp_path) as room:
        await room.say(5.0)
        await until(lambda: len(room.heard()) > 50)
        room.output.clear_buffer()
        interrupted = time.monotonic()
        finished = await asyncio.wait_for(room.output.wait_for_playout(), 20)
        assert finished.interrupted
        assert 0.2 < finished.playback_position < 4.0
        await until(lambda: time.monotonic() - room.heard()[-1] > 1.0)
        await until(lambda: time.monotonic() - room.seen_open()[-1] > 1.0)
        assert len(room.heard()) < 400, "of five seconds, in pieces of 10 ms"
        silent, rest = room.heard()[-1] - interrupted, room.seen_open()[-1] - interrupted
        await room.say(0.5)
        again = await asyncio.wait_for(room.output.wait_for_playout(), 20)
        assert again.playback_position == pytest.approx(0.5, abs=0.05)
    print(f"silent {silent * 1000:.0f} ms, at rest {rest * 1000:.0f} ms")
