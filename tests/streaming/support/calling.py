"""Pages in calls, each with a caller that shows pictures."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.moving_peer import MovingPeer
from tests.streaming.support.page_socket import Page, connect
from tests.streaming.support.polling import until


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
