"""A call of a door that knows no SDP: a performance, and nothing around it."""

import asyncio
import secrets

from streaming.media.avatar_stream import AvatarStream, stream_delay
from streaming.media.clock import SessionClock
from streaming.render.client import RenderClient


class PlainCall:
    """Its clock runs from `begin` on."""

    def __init__(self, worker: RenderClient) -> None:
        self.id = secrets.token_hex(8)
        clock = SessionClock(stream_delay(worker.lookahead, worker.ready.capacity.budget))
        self.avatar_stream = AvatarStream(worker, clock)
        self.closed = asyncio.Event()
        self.viewers = 0
        self.talking = False
        self.told: list[tuple[float | str, ...]] = []

    @property
    def speaker(self) -> str:
        return self.avatar_stream.speaker

    async def begin(self, speaker: str) -> None:
        await self.avatar_stream.join(speaker)
        self.avatar_stream.clock.start(self.avatar_stream.clock.monotonic())

    def announce_end(self, seconds: float) -> None:
        self.told.append((seconds,))

    async def close(self, reason: str, code: str = "ended") -> None:
        self.told.append((reason, code))
        self.avatar_stream.leave()
        self.closed.set()
