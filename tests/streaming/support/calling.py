"""Pages in calls, each with a caller that shows pictures."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import websockets

from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.moving_peer import MovingPeer
from tests.streaming.support.page_socket import Page, connect, gone
from tests.streaming.support.polling import until
from tests.streaming.support.talking_peer import TalkingPeer


@dataclass
class Calling:
    """A page in a call."""

    page: Page
    answer: dict[str, Any]
    peer: MovingPeer

    @property
    def session(self) -> str:
        return str(self.answer["session_id"])

    async def goes_on(self) -> None:
        """Wait for more pictures."""
        pictures = len(self.peer.face)
        await until(lambda: len(self.peer.face) > pictures + 5, 10)


@asynccontextmanager
async def calling(
    server: LiveServer, motion: bool = False, **options: Any
) -> AsyncIterator[Calling]:
    """A call that has begun; `motion`: its page is told how the face moves."""
    peer = MovingPeer()
    async with connect(server, **options) as socket:
        page = Page(socket)
        answer = await page.call(peer, motion=motion)
        await page.expect("stats")
        yield Calling(page, answer, peer)
    await peer.close()


async def expect_newest_call_in_view(server: LiveServer) -> None:
    """A viewer without a session is shown the newest of one call, and of two."""
    address = server.address.replace("http", "ws") + "/view/ws"
    for calls in (1, 2):
        peer = TalkingPeer(speaks=False)
        async with AsyncExitStack() as running, websockets.connect(address) as view:
            for _ in range(calls):
                await running.enter_async_context(calling(server))
            page = Page(view)
            await page.expect("hello")
            await page.call(peer)
            await until(lambda peer=peer: len(peer.face) > 5)
        await peer.close()
        await gone(server)
