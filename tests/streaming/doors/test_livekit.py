"""The real AvatarRunner and its real tracks, read back without a server."""

import asyncio
import functools
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

pytest.importorskip("livekit.agents", reason="livekit-agents is not installed")

from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.ipc.mock_room import create_mock_room
from livekit.agents.voice.io import PlaybackFinishedEvent

from avatar.errors import AvatarError
from streaming.doors.livekit_plugin import SPEECH_RATE, AvatarSession
from tests.streaming.support.level_bar import ASIDE, find_bars
from tests.streaming.support.livekit_onlooker import Room, reading_back
from tests.streaming.support.polling import until
from tests.streaming.support.pushed_stage import REST, speech


@asynccontextmanager
async def agent_with_a_face(folder: Path) -> AsyncIterator[tuple[AvatarSession, Room]]:
    """`AvatarSession.start` as an agent calls it, in a room that is none: the face, its tracks."""
    create_mock_room.cache_clear()
    mock = create_mock_room()
    mock.local_participant.publish_track = publish = AsyncMock()
    session: AgentSession[None] = AgentSession()
    face = AvatarSession(find=functools.partial(find_bars, folder))
    async with AsyncExitStack() as closing:
        await face.start(session, mock)
        closing.push_async_callback(face.aclose)
        assert session.output.audio is not None
        await until(lambda: publish.await_count == 2)
        voice, picture = (call.args[0] for call in publish.await_args_list)
        async with reading_back(session.output.audio, voice, picture) as room:
            yield face, room


async def test_an_agents_own_face_looks_aside(tmp_path: Path) -> None:
    async with agent_with_a_face(tmp_path) as (face, room):
        await face.gesture("look", seconds=1.0)
        await until(lambda: room.face and room.face[-1][1] > REST + ASIDE)
        with pytest.raises(AvatarError, match=r"^bar does not show smile in its own video"):
            await face.gesture("smile")


async def test_what_an_agent_says_is_played_with_its_lips_and_finished(tmp_path: Path) -> None:
    async with agent_with_a_face(tmp_path) as (_, room):
        started: list[float] = []
        room.output.on("playback_started", lambda _: started.append(time.monotonic()))
        pushed = time.monotonic()
        await room.say(1.0)
        finished = await asyncio.wait_for(room.output.wait_for_playout(), 20)
        assert started
        assert not finished.interrupted
        assert finished.playback_position == pytest.approx(1.0, abs=0.05)
        await until(lambda: room.seen_open() and room.heard())
        assert room.labelled
        print(
            f"first speaking picture {(room.seen_open()[0] - pushed) * 1000:.0f} ms, voice after "
            f"lips {(room.heard()[0] - room.seen_open()[0]) * 1000:.0f} ms"
        )


def test_a_face_without_a_label_needs_a_reason() -> None:
    with pytest.raises(AvatarError, match="say how and why in --label-reason"):
        AvatarSession(label=False)
    assert AvatarSession(label=False, label_reason="the room says so").provider == "speech2lip"


async def test_an_interruption_says_how_far_it_came(tmp_path: Path) -> None:
    async with agent_with_a_face(tmp_path) as (_, room):
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


async def test_what_cannot_be_spoken_is_passed_over_and_said_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with agent_with_a_face(tmp_path) as (_, room):
        await room.output.capture_frame(rtc.AudioFrame(bytes(800), 4000, 1, 400))
        await until(lambda: "a sample rate of 4000 Hz" in caplog.text)
        room.output.clear_buffer()
        begun = time.monotonic()
        await room.say(0.5)
        await until(lambda: room.heard()[-1:] > [begun])


async def test_half_a_segment_and_then_nothing_is_finished_as_far_as_it_came(
    tmp_path: Path,
) -> None:
    async with agent_with_a_face(tmp_path) as (_, room):
        finished: list[PlaybackFinishedEvent] = []
        room.output.on("playback_finished", finished.append)
        piece = speech(0.5, SPEECH_RATE)
        frame = rtc.AudioFrame(piece, SPEECH_RATE, 1, len(piece) // 2)
        await room.output.capture_frame(frame)
        await until(lambda: finished)
        assert finished[0].playback_position == pytest.approx(0.5, abs=0.05)
        assert not finished[0].interrupted
        pictures = len(room.face)
        await until(lambda: len(room.face) > pictures + 5)
