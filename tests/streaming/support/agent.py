"""A call that somebody looks at, and an agent that speaks in it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import websockets

from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.polling import until
from tests.streaming.support.posted_call import post_offer
from tests.streaming.support.talking_peer import TalkingPeer

LOUD = 300  # mean of 16-bit sound: the rest is silence, and what Opus makes of it
OPEN = 3.0  # brightness over the first picture's: the bar has grown


class Onlooker(TalkingPeer):
    """Whose microphone is silent; sees and hears the call that it began."""

    def __init__(self, speaks: bool = True) -> None:
        super().__init__(speaks)
        self.beeps.loud = False
        self.session = ""

    async def call(self, server: LiveServer, headers: dict[str, str] | None = None) -> None:
        """Begin a call and wait for its first picture."""
        posted = await post_offer(server, await self.offer(), headers)
        response = posted.raise_for_status().json()
        self.session = response["session_id"]
        await self.take_answer(response["sdp"])
        await until(lambda: len(self.face) > 5)

    def heard(self, since: float = 0.0) -> list[float]:
        """When sound came, each 20 ms of it."""
        return [at for at, _, level in self.voice if level > LOUD and at > since]

    def seen_open(self, since: float = 0.0) -> list[float]:
        """When pictures with a grown bar came."""
        rest = self.face[0][2]
        return [at for at, _, level in self.face if level - rest > OPEN and at > since]


@asynccontextmanager
async def onlooking(server: LiveServer, **options: Any) -> AsyncIterator[Onlooker]:
    """A call with nobody's voice in it."""
    onlooker = Onlooker()
    await onlooker.call(server, **options)
    try:
        yield onlooker
    finally:
        await onlooker.close()


class Agent:
    """One connection to `/speak`; what it was told."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.told: list[dict[str, Any]] = []

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def hear(self, kind: str, seconds: float = 10) -> dict[str, Any]:
        """The next message of this kind."""
        async with asyncio.timeout(seconds):
            while True:
                self.told.append(json.loads(await self.socket.recv()))
                if self.told[-1]["type"] == kind:
                    return self.told[-1]


@asynccontextmanager
async def agent(server: LiveServer, query: str = "", **options: Any) -> AsyncIterator[Agent]:
    """An agent that has just come in."""
    address = f"{server.address.replace('http', 'ws')}/speak{query}"
    async with websockets.connect(address, **options) as socket:
        with contextlib.suppress(websockets.ConnectionClosed):
            yield Agent(socket)
