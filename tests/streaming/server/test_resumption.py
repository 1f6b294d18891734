"""A page whose WebSocket breaks comes back to its call; one that leaves has left."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
import websockets

from streaming.core.config import ServeConfig
from streaming.core.limits import Limits
from tests.streaming.support.live_server import LiveServer, serving_bars
from tests.streaming.support.moving_peer import MovingPeer
from tests.streaming.support.page_socket import Page, connect, gone
from tests.streaming.support.polling import until

RESUME_S = 4.0
TOLD = 2.0  # seconds; less than RESUME_S


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig(max_sessions=1, limits=Limits(resume_s=RESUME_S))


class Caller:
    """A page in a call, and what it was answered."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.page = Page(socket)
        self.peer = MovingPeer()
        self.answer: dict[str, Any] = {}

    async def begin(self) -> None:
        self.answer = await self.page.call(self.peer)
        await self.page.expect("stats")
        await self.goes_on()

    async def goes_on(self) -> None:
        pictures = len(self.peer.face)
        await until(lambda: len(self.peer.face) > pictures + 10, 5)

    def vanish(self) -> None:
        """The WebSocket breaks without a word."""
        self.socket.transport.abort()

    async def ask(self, page: Page, **changed: str) -> None:
        """Ask to come back, over another socket."""
        wanted = {"session_id": self.answer["session_id"], "key": self.answer["resume"]}
        sdp = "" if changed else await self.peer.move()
        await page.send(type="resume", **(wanted | {"sdp": sdp} | changed))


@pytest.fixture
async def caller(server: LiveServer) -> AsyncIterator[Caller]:
    async with connect(server) as socket:
        caller = Caller(socket)
        await caller.begin()
        yield caller
        await caller.peer.close()
    await gone(server, 2 * RESUME_S + 5)


async def test_a_page_that_vanished_comes_back_to_its_call_and_speaker(
    server: LiveServer, caller: Caller
) -> None:
    await caller.page.send(type="speaker", name="pale")
    await caller.page.expect("speaker")
    await caller.goes_on()
    level = caller.peer.face[-1][2]
    caller.vanish()
    await asyncio.sleep(RESUME_S + 2)
    assert server.sessions() == 1, "its sound still comes"
    async with connect(server) as socket:
        page = Page(socket)
        await caller.ask(page)
        answer = await page.expect("answer")
        assert answer["session_id"] == caller.answer["session_id"]
        await caller.peer.arrive(answer["sdp"])
        await caller.goes_on()
        assert caller.peer.face[-1][2] == pytest.approx(level, abs=20), "the speaker is the same"
        await page.expect("stats")
        await page.send(type="speaker", name="bar")
        assert (await page.expect("speaker"))["name"] == "bar"
    await gone(server, TOLD)


async def test_a_place_counts_as_taken_until_a_vanished_page_can_no_more_come_back(
    server: LiveServer, caller: Caller
) -> None:
    caller.vanish()
    caller.peer.vanish()
    await asyncio.sleep(RESUME_S / 2)
    async with connect(server) as socket:
        await Page(socket).send(type="offer", sdp=await MovingPeer().offer())
        assert (await Page(socket).expect("error"))["code"] == "full"
    await gone(server, RESUME_S + 3)
    async with connect(server) as socket:
        await caller.ask(Page(socket), sdp="of a closed connection")
        assert (await Page(socket).expect("error"))["code"] == "gone"


@pytest.mark.parametrize("farewell", ["stop", "1000", "1001"])
async def test_a_page_that_leaves_frees_its_place_at_once(
    server: LiveServer, caller: Caller, farewell: str
) -> None:
    if farewell == "stop":
        await caller.page.send(type="stop")
    else:
        await caller.socket.close(int(farewell))
    await gone(server, TOLD)


@pytest.mark.parametrize("changed", [{"key": "guessed"}, {"key": ""}, {"session_id": "0" * 16}])
async def test_who_has_not_the_key_cannot_come_in(
    server: LiveServer, caller: Caller, changed: dict[str, str]
) -> None:
    async with connect(server) as socket:
        await caller.ask(Page(socket), **changed)
        assert (await Page(socket).expect("error"))["code"] == "gone"
    await caller.goes_on()
    await caller.page.expect("stats")


async def test_the_socket_before_is_let_go_when_another_takes_over(
    server: LiveServer, caller: Caller
) -> None:
    async with connect(server) as socket:
        page = Page(socket)
        await caller.ask(page)
        await caller.peer.arrive((await page.expect("answer"))["sdp"])
        async with asyncio.timeout(5):
            with contextlib.suppress(websockets.ConnectionClosed):
                while True:
                    await caller.socket.recv()
        await caller.goes_on()
        assert server.sessions() == 1


async def test_the_key_is_written_nowhere(
    server: LiveServer, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "streaming")
    caller.vanish()
    async with connect(server) as socket:
        await caller.ask(Page(socket))
        await caller.peer.arrive((await Page(socket).expect("answer"))["sdp"])
        await caller.goes_on()
    await gone(server)
    assert "over another path" in caplog.text
    assert caller.answer["resume"] not in caplog.text


async def test_where_nobody_may_come_back_a_vanished_page_frees_its_place(tmp_path: Any) -> None:
    config = ServeConfig(max_sessions=1, limits=Limits(resume_s=0))
    with serving_bars(tmp_path, config) as server:
        async with connect(server) as socket:
            caller = Caller(socket)
            await caller.begin()
            assert "resume" not in caller.answer
            caller.vanish()
            await gone(server, TOLD)
            await caller.peer.close()


async def test_candidates_may_come_one_by_one_after_an_offer_without_any(
    server: LiveServer,
) -> None:
    peer = MovingPeer()
    lines = (await peer.offer()).splitlines()
    candidates = [line for line in lines if line.startswith("a=candidate")]
    bare = [line for line in lines if not line.startswith(("a=candidate", "a=end-of"))]
    async with connect(server) as socket:
        page = Page(socket)
        await page.send(type="offer", sdp="\r\n".join(bare) + "\r\n")
        await peer.take_answer((await page.expect("answer"))["sdp"])
        assert candidates
        for candidate in candidates:
            await page.send(type="candidate", candidate=candidate[2:], sdpMid="0")
            await asyncio.sleep(0.1)
        await page.send(type="candidate", candidate="", sdpMid="0")
        await page.expect("stats")
    await peer.close()
    await gone(server)
