"""The WebSocket of the page `/view`, which shows a running call and sends nothing.

From the page: token first of all, offer with all its candidates. To the page: hello as soon as
there is a call to look at, answer. The socket is closed when the call ends; the page comes again
and waits for the next one.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from fastapi import WebSocket
from pydantic import ValidationError

from avatar.errors import AvatarError
from streaming.core.ice_servers import IceServers
from streaming.marks.label import Label
from streaming.media.call import Call
from streaming.security.candidate_filter import CandidateFilter
from streaming.security.sdp_check import check_offer
from streaming.security.tokens import Grant
from streaming.server.call_handler import CallServices
from streaming.webrtc.messages import Answer, FromViewer, Hello, Message, Offer, from_viewer
from streaming.webrtc.viewer import Viewer

POLL_INTERVAL_S = 0.25  # between looks for a call


class ViewSignalling:
    """Serves one page until the call that it looks at is over, or the page is."""

    def __init__(
        self, socket: WebSocket, services: CallServices, address: str, grant: Grant
    ) -> None:
        self._socket = socket
        self._services = services
        self._grant = grant
        self._address = address

    async def run(self, ice_servers: IceServers) -> None:
        """Raises AvatarError to refuse the page, WebSocketDisconnect if it left."""
        offer = asyncio.create_task(self._offer())
        try:
            call = await self._find(offer)
            with self._services.sessions.looking_at(call):
                await self._show(call, offer, ice_servers)
        finally:
            offer.cancel()
            await asyncio.gather(offer, return_exceptions=True)

    async def _find(self, gone: "asyncio.Task[str]") -> Call:
        """The newest call that the token is good for, as soon as there is one."""
        while True:
            call = self._services.sessions.newest(self._may_see)
            if call:
                return call
            await asyncio.wait([gone], timeout=POLL_INTERVAL_S)
            if gone.done():
                gone.result()
                raise AvatarError("there is no call to look at yet; wait for hello")

    async def _show(self, call: Call, offer: "asyncio.Task[str]", ice_servers: IceServers) -> None:
        await self._send(Hello(ice_servers=ice_servers.for_page()))
        timeout_s = self._services.config.limits.connecting_s
        await asyncio.wait([offer], timeout=timeout_s)
        if not offer.done():
            raise AvatarError("no offer came; come again")
        sdp = offer.result()
        marks = self._services.config.marks
        label = Label(marks.word) if marks.label else None
        viewer = Viewer(call.avatar_stream, ice_servers.for_peer(), timeout_s, label)
        try:
            await self._send(Answer(sdp=await viewer.answer(sdp)))
            await first(call.closed.wait(), viewer.lost.wait(), self._left())
        finally:
            await viewer.close()
        await self._socket.close()

    def _may_see(self, call: Call) -> bool:
        return self._grant.allows(call.speaker, call.id)

    async def _offer(self) -> str:
        """The page's offer, looked over; it may only lead back to the page."""
        config = self._services.config
        while True:
            message = _parsed(await self._socket.receive_text())
            if isinstance(message, Offer):
                check_offer(message.sdp)
                private = config.private_candidates
                candidates = CandidateFilter(self._address, config.limits.candidates, private)
                return candidates.filter(message.sdp)

    async def _left(self) -> None:
        """Return when the page is gone; whatever else it says is not listened to."""
        while (await self._socket.receive())["type"] != "websocket.disconnect":
            pass

    async def _send(self, message: Message) -> None:
        await self._socket.send_text(message.as_text())


def _parsed(text: str) -> FromViewer:
    try:
        return from_viewer.validate_json(text)
    except ValidationError:
        raise AvatarError("the message was not understood") from None


async def first(*events: Coroutine[Any, Any, object]) -> None:
    """Wait for one of `events`, and end the others."""
    tasks = [asyncio.ensure_future(event) for event in events]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
