"""Messages that wait for a WebSocket, so that nobody who has something to tell waits for it."""

import asyncio
import contextlib

from starlette.websockets import WebSocket, WebSocketDisconnect


class Outbox:
    """Sends in order; what comes while `size` messages wait is dropped."""

    def __init__(self, socket: WebSocket, size: int) -> None:
        self._socket = socket
        self._waiting: asyncio.Queue[tuple[str, bool]] = asyncio.Queue(size)

    @property
    def has_room(self) -> bool:
        """Whether what may as well be left out still leaves room for what may not."""
        return self._waiting.qsize() <= self._waiting.maxsize // 2

    def put(self, text: str, last: bool = False) -> None:
        """`last`: the socket is closed once this was sent."""
        with contextlib.suppress(asyncio.QueueFull):
            self._waiting.put_nowait((text, last))

    async def write(self) -> None:
        """Send until the socket is closed, by either side."""
        # RuntimeError is Starlette's word for a socket that is closed already.
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                text, last = await self._waiting.get()
                await self._socket.send_text(text)
                if last:
                    await self._socket.close()
                    return
