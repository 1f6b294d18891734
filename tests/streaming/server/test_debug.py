"""An operator looks at a running call, and sees which of its pictures were late, and why."""

import asyncio
import functools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from avatar.audio import FPS
from streaming.core.config import ServeConfig
from streaming.render.renderer import Chunk, FindSpeakers, Speakers
from streaming.security.tokens import Grant, TokenSigner
from tests.streaming.support.level_bar import BarPicture, BarStream, LevelBar
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.page_socket import Page, connect, gone
from tests.streaming.support.polling import until
from tests.streaming.support.stranger import SECRET, bearing, token
from tests.streaming.support.talking_peer import TalkingPeer

HESITATION = 0.2  # seconds, once a second


class HesitatingBar(LevelBar):
    """Now and then one step takes far too long."""

    def __init__(self) -> None:
        super().__init__()
        self._steps = 0

    def step(
        self, streams: Sequence[BarStream], chunks: Sequence[Chunk]
    ) -> list[BarPicture | None]:
        self._steps += 1
        if self._steps % FPS == 0:
            time.sleep(HESITATION)
        return super().step(streams, chunks)


def load(_: str) -> HesitatingBar:
    return HesitatingBar()


def find_hesitating(folder: Path) -> Speakers:
    return Speakers("bar", {"bar": folder / "bar.jpg"}, load)


@pytest.fixture(scope="module")
def speakers(tmp_path_factory: pytest.TempPathFactory) -> FindSpeakers:
    return functools.partial(find_hesitating, tmp_path_factory.mktemp("debug"))


@pytest.fixture(scope="module")
def server_config(token_secret_file: str) -> ServeConfig:
    return ServeConfig(token_secret_file=token_secret_file)


def look(server: LiveServer, session: str, role: str = "operate", **more: Any) -> httpx.Response:
    address = f"{server.address}/debug/calls/{session}"
    return httpx.get(address, headers=bearing(token(role, **more)))


async def test_late_pictures_of_a_call_are_listed_with_the_stage_that_was_late(
    server: LiveServer,
) -> None:
    peer = TalkingPeer()
    async with connect(server, additional_headers=bearing(token())) as socket:
        session = (await Page(socket).call(peer))["session_id"]
        await until(lambda: len(peer.face) >= 2 * FPS, 20)
        report = (await asyncio.to_thread(look, server, session)).json()
    await gone(server)
    await peer.close()
    assert (report["id"], report["speaker"]) == (session, "bar")
    frames = report["frames"]
    numbers = [frame["number"] for frame in frames]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    punctual = [frame for frame in frames if frame["fate"] == "shown"]
    assert punctual
    for frame in punctual:
        stages = [frame[stage] for stage in ("sound_complete", "submitted", "rendered", "shown")]
        assert stages == sorted(stages)
        assert frame["late"] is None
    late = [frame for frame in frames if frame["fate"] == "repeated"]
    assert late
    assert all(frame["late"] for frame in late)
    assert any((frame["rendered"] or 0) > report["planned"] for frame in late)


@pytest.mark.parametrize("role", ["talk", "view"])
def test_who_may_only_call_or_view_may_not_look(server: LiveServer, role: str) -> None:
    assert look(server, "0123456789abcdef", role).status_code == 401
    assert httpx.get(f"{server.address}/debug/calls/0123456789abcdef").status_code == 401


def test_a_call_that_is_not_there_is_not_found(server: LiveServer) -> None:
    refusal = look(server, "0123456789abcdef")
    assert refusal.status_code == 404
    assert "there is no call" in refusal.json()["detail"]


def test_an_operator_may_be_held_to_one_call(server: LiveServer) -> None:
    grant = Grant("*", "operate", time.time() + 60, session="another")
    headers = bearing(TokenSigner(SECRET).sign(grant))
    address = f"{server.address}/debug/calls/0123456789abcdef"
    assert httpx.get(address, headers=headers).status_code == 401
