"""An agent's face comes from a server into its room: all but the room's own server and network."""

import asyncio
import functools
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("livekit.agents", reason="livekit-agents is not installed")

import uvicorn
from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.utils import http_context

from avatar.errors import AvatarError
from streaming.core.config import ServeConfig
from streaming.core.limits import Limits
from streaming.doors import livekit_plugin
from streaming.doors.livekit import GESTURE_METHOD
from streaming.doors.livekit_plugin import IDENTITY, AvatarSession
from streaming.render.client import RenderClient
from streaming.server.app import create_app
from streaming.server.serve import server_settings
from tests.streaming.support.agent import agent
from tests.streaming.support.level_bar import ASIDE, find_bars
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.livekit_onlooker import reading_back
from tests.streaming.support.livekit_room import MemoryRoom, RoomServer
from tests.streaming.support.livekit_token import room_token
from tests.streaming.support.polling import until
from tests.streaming.support.pushed_stage import RATE, REST, speech

ROOMS = "wss://rooms.example.org"
KEYS = {"livekit_api_key": "key", "livekit_api_secret": "a secret that has 32 letters, at least"}


@dataclass
class House:
    """A server of faces, a server of rooms, and an agent in one of them."""

    address: str
    rooms: RoomServer
    teacher: MemoryRoom

    async def calls(self) -> int:
        async with httpx.AsyncClient() as client:
            return int((await client.get(f"{self.address}/healthz")).json()["sessions"])

    async def heckle(self, pcm: bytes) -> None:
        """Somebody else in the room sends the face speech."""
        heckler = self.rooms.room()
        heckler.enter("heckler", {})
        how = {"sample_rate": str(RATE), "num_channels": "1"}
        stream = await heckler.local_participant.stream_bytes(
            "shout", topic="lk.audio_stream", destination_identities=[IDENTITY], attributes=how
        )
        await stream.write(pcm)
        await stream.aclose()
        await heckler.disconnect()

    async def speak_beside(self) -> str:
        """The answer to somebody who wants to speak with the face by `/speak`."""
        async with agent(LiveServer(self.address)) as speaker:
            return str((await speaker.hear("error"))["message"])

    async def until_free(self) -> None:
        async with asyncio.timeout(15):
            while await self.calls():
                await asyncio.sleep(0.05)


@asynccontextmanager
async def house(
    folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any
) -> AsyncIterator[House]:
    """All of it on one event loop."""
    rooms = RoomServer(ROOMS)
    monkeypatch.setattr(rtc, "Room", rooms.room)
    config = ServeConfig(livekit_servers=(ROOMS,), **settings)
    worker = await asyncio.to_thread(RenderClient, functools.partial(find_bars, folder))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(server_settings(config, create_app(config, worker)))
    serving = asyncio.create_task(server.serve([listener]))
    teacher = rooms.room()
    teacher.enter("teacher", {})
    try:
        async with http_context.open():
            yield House(config.address(listener.getsockname()[1]), rooms, teacher)
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def face(house: House, **options: Any) -> AsyncIterator[AgentSession[None]]:
    session: AgentSession[None] = AgentSession()
    avatar = AvatarSession(**{"speaker": "bar", "server": house.address, **options})
    try:
        await avatar.start(session, house.teacher, livekit_url=ROOMS, **KEYS)
        await avatar.wait_for_join()
        yield session
    finally:
        await avatar.aclose()


async def test_the_face_joins_for_its_agent_speaks_and_leaves_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path, monkeypatch) as here:
        async with face(here) as session:
            joined = here.rooms.member(IDENTITY)
            assert joined.attributes == {"lk.publish_on_behalf": "teacher"}
            assert await here.calls() == 1
            tracks = {name: one.track for name, one in joined.track_publications.items()}
            assert session.output.audio is not None
            async with reading_back(
                session.output.audio, tracks["avatar_audio"], tracks["avatar_video"]
            ) as room:
                pushed = time.monotonic()
                await room.say(1.0)
                finished = await asyncio.wait_for(room.output.wait_for_playout(), 20)
                assert not finished.interrupted
                assert finished.playback_position == pytest.approx(1.0, abs=0.05)
                assert room.labelled
                first = room.seen_open()[0] - pushed
                skew = room.heard()[0] - room.seen_open()[0]

                await here.heckle(speech(1.0))
                assert "somebody else speaks" in await here.speak_beside()
                await asyncio.sleep(0.5)
                assert not [at for at in room.heard() if at > pushed + 1.6], "the agent alone"

                await room.say(5.0)
                await until(lambda: len(room.heard()) > 150)
                room.output.clear_buffer()
                interrupted = time.monotonic()
                cut = await asyncio.wait_for(room.output.wait_for_playout(), 20)
                assert cut.interrupted
                assert 0.2 < cut.playback_position < 4.0
                await until(lambda: time.monotonic() - room.heard()[-1] > 0.5)
                silent = room.heard()[-1] - interrupted
        await here.teacher.disconnect()
        await here.until_free()
    print(
        f"first speaking picture {first * 1000:.0f} ms, voice after lips {skew * 1000:.0f} ms; "
        f"after an interruption: silent {silent * 1000:.0f} ms"
    )


async def test_a_face_in_a_room_looks_aside_for_its_agent_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session: AgentSession[None] = AgentSession()
    async with house(tmp_path, monkeypatch) as here:
        avatar = AvatarSession(speaker="bar", server=here.address)
        with pytest.raises(AvatarError, match="the face was not started"):
            await avatar.gesture("look")
        await avatar.start(session, here.teacher, livekit_url=ROOMS, **KEYS)
        await avatar.wait_for_join()
        assert session.output.audio is not None
        joined = here.rooms.member(IDENTITY).track_publications
        tracks = [joined[name].track for name in ("avatar_audio", "avatar_video")]
        async with reading_back(session.output.audio, *tracks) as room:
            await avatar.gesture("look", seconds=1.0)
            await until(lambda: room.face and room.face[-1][1] > REST + ASIDE)
        with pytest.raises(AvatarError, match=r"no gesture: Input should be 'nod'"):
            await avatar.gesture("wink")  # type: ignore[arg-type]
        with pytest.raises(AvatarError, match="no gesture: bar does not show smile"):
            await avatar.gesture("smile")
        heckler = here.rooms.room()
        heckler.enter("heckler", {})
        with pytest.raises(rtc.RpcError, match="listens to its agent alone"):
            await heckler.local_participant.perform_rpc(
                destination_identity=IDENTITY, method=GESTURE_METHOD, payload='{"name": "nod"}'
            )
        with pytest.raises(rtc.RpcError, match="that is no gesture"):
            await here.teacher.local_participant.perform_rpc(
                destination_identity=IDENTITY, method=GESTURE_METHOD, payload="nod"
            )
        await avatar.aclose()
        with pytest.raises(AvatarError, match="the face was not started"):
            await avatar.gesture("nod")


async def test_a_room_that_is_not_there_and_a_full_server_are_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path, monkeypatch, max_sessions=1) as here:
        here.rooms.url = "wss://moved.example.org"
        with pytest.raises(AvatarError, match=r"the room at wss://rooms\.example\.org cannot be"):
            async with face(here):
                pass
        assert await here.calls() == 0
        here.rooms.url = ROOMS
        async with face(here):
            with pytest.raises(AvatarError, match=r"503.*the server is full \(1 calls\)"):
                async with face(here):
                    pass


async def test_a_room_is_connected_by_the_job_if_it_is_not_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Job:
        async def connect(self) -> None:
            here.teacher.enter("teacher", {})

    async with house(tmp_path, monkeypatch) as here:
        await here.teacher.disconnect()
        with pytest.raises(AvatarError, match="the room is not connected"):
            async with face(here):
                pass
        monkeypatch.setattr(livekit_plugin, "get_job_context", lambda **_: Job())
        async with face(here):
            assert here.rooms.member(IDENTITY).attributes == {"lk.publish_on_behalf": "teacher"}


async def test_a_server_that_is_not_there_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path, monkeypatch) as here:
        with pytest.raises(AvatarError, match=r"http://127\.0\.0\.1:1 cannot be reached"):
            async with face(here, server="http://127.0.0.1:1"):
                pass


async def test_a_face_leaves_when_nobody_speaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path, monkeypatch, limits=Limits(idle_s=1.0)) as here:
        async with face(here):
            await here.until_free()
        assert [one.identity for one in here.rooms.members] == ["teacher"]


async def test_a_face_leaves_when_its_agent_does_not_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path, monkeypatch, limits=Limits(connecting_s=1.0)) as here:
        token = room_token(attributes={"lk.publish_on_behalf": "somebody else"})
        invitation = {"url": ROOMS, "token": token, "speaker": "bar"}
        async with httpx.AsyncClient(base_url=here.address) as client:
            answer = await client.post("/livekit/join", json=invitation)
        assert answer.status_code == 200
        assert await here.calls() == 1
        await here.until_free()
        assert [one.identity for one in here.rooms.members] == ["teacher"]
