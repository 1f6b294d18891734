"""The page's side of the WebSocket."""

import asyncio
import json
from typing import Any

import websockets

from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.polling import until
from tests.streaming.support.talking_peer import TalkingPeer


class Page:
    """Says what a page says, and waits for what it is told."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    async def next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self.socket.recv())
        return message

    async def expect(self, kind: str, seconds: float = 10) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            while True:
                message = await self.next()
                if message["type"] == kind:
                    return message

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def call(self, peer: TalkingPeer, **more: Any) -> dict[str, Any]:
        await self.send(type="offer", sdp=await peer.offer(), **more)
        answer = await self.expect("answer")
        await peer.take_answer(answer["sdp"])
        return answer


def connect(server: LiveServer, **options: Any) -> Any:
    return websockets.connect(server.address.replace("http", "ws") + "/ws", **options)


async def gone(server: LiveServer, seconds: float = 5) -> None:
    """Until no call is left."""
    await until(lambda: not server.sessions(), seconds)
