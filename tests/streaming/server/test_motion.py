"""Motion as data over a call's WebSocket: to those who ask, where the server gives it."""

from typing import Any

import pytest

from avatar.motion import TRACKS, VISEMES
from streaming.core.config import ServeConfig
from streaming.render.renderer import FindSpeakers
from tests.streaming.support.live_server import LiveServer, serving
from tests.streaming.support.page_socket import Page, connect
from tests.streaming.support.talking_peer import TalkingPeer


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig(motion=True)


async def motions(page: Page, seconds: int) -> list[dict[str, Any]]:
    """The motion that a call is told of in so many seconds."""
    found: list[dict[str, Any]] = []
    while seconds:
        message = await page.next()
        seconds -= message["type"] == "stats"
        found += [message] if message["type"] == "motion" else []
    return found


async def test_frames_come_in_order_with_their_positions_to_those_who_ask(
    server: LiveServer,
) -> None:
    peer = TalkingPeer()
    async with connect(server) as socket:
        page = Page(socket)
        await page.call(peer, motion=True)
        frames = await motions(page, 3)
    numbers = [message["frame"] for message in frames]
    assert len(numbers) > 20
    assert numbers == sorted(set(numbers))
    assert all(message["position"] == 1920 * message["frame"] for message in frames)
    assert list(frames[0]["visemes"]) == list(VISEMES)
    assert list(frames[0]["tracks"]) == list(TRACKS)
    assert set(frames[0]["head"]) == {"yaw", "pitch", "roll"}
    await peer.close()


async def test_calls_that_do_not_ask_are_told_nothing(server: LiveServer) -> None:
    peer = TalkingPeer()
    async with connect(server) as socket:
        page = Page(socket)
        await page.call(peer)
        assert not await motions(page, 2)
    await peer.close()


async def test_a_server_that_gives_none_says_so(speakers: FindSpeakers) -> None:
    peer = TalkingPeer()
    with serving(speakers, ServeConfig()) as plain:
        async with connect(plain) as socket:
            page = Page(socket)
            await page.send(type="offer", sdp=await peer.offer(), motion=True)
            refused = await page.expect("error")
    assert refused["code"] == "refused"
    assert "--motion" in refused["message"]
    await peer.close()
