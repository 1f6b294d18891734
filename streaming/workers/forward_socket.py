"""A page's WebSocket passed on to a worker: messages both ways, and how each side ended."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from streaming.server.errors import POLICY_REFUSED, NotReadyError
from streaming.workers.addresses import Address, key_header
from streaming.workers.forwarded import forwarded_headers

WORKER_LOST = 1012  # WebSocket close code: the service restarts
FAREWELLS = (1000, 1001)  # of a page that is done, or closed
FindCall = Callable[[str], Awaitable[Address | None]]
"The address of the worker that has a call, by its id."


@dataclass(frozen=True)
class Elsewhere:
    """A page goes on with a call that another worker has."""

    address: Address
    message: str
    "That says so."


async def forward_socket(
    page: WebSocket, address: Address, find: FindCall, said: Iterable[str] = ()
) -> None:
    """Serve an accepted socket by the worker at `address`, until either side ends.

    `said`: messages of the page that were read already. Raises NotReadyError.
    """
    greeted = False
    before = list(said)
    while True:
        try:
            worker = await _connect(page, address)
        except InvalidStatus:
            await page.close(POLICY_REFUSED)
            return
        leg = _Leg(page, worker, address, find, greeted)
        async with worker:
            for text in before:
                await worker.send(text)
            moved = await leg.run()
        if moved is None:
            return
        address, greeted = moved.address, True
        before = [*before, *leg.tokens, moved.message]


async def _connect(page: WebSocket, address: Address) -> ClientConnection:
    headers = [*forwarded_headers(page), *key_header(address)]
    host = next((value for name, value in headers if name == "host"), "localhost")
    query = f"?{page.url.query}" if page.url.query else ""
    try:
        line = await _dial(address)
        return await connect(
            f"ws://{host}{page.url.path}{query}",
            sock=line,
            additional_headers=[pair for pair in headers if pair[0] != "host"],
            user_agent_header=None,
            compression=None,
            max_size=None,
            ping_interval=None,
        )
    except (OSError, ConnectionClosed) as error:
        raise NotReadyError from error


async def _dial(address: Address) -> socket.socket:
    at: str | tuple[str, int]
    if isinstance(address, Path):
        line, at = socket.socket(socket.AF_UNIX), str(address)
    else:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        line, at = socket.socket(family), (address.host, address.port)
    line.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(line, at)
    except BaseException:
        line.close()
        raise
    return line


class _Leg:
    """The way between a page and one worker."""

    def __init__(
        self,
        page: WebSocket,
        worker: ClientConnection,
        address: Address,
        find: FindCall,
        greeted: bool,
    ) -> None:
        """`greeted`: the page has had its first message from another worker."""
        self.tokens: list[str] = []
        "Messages of the page that another worker has to hear as well."
        self._page, self._worker = page, worker
        self._address = address
        self._find = find
        self._greeted = greeted
        self._settled = False  # the page has said which call it wants

    async def run(self) -> Elsewhere | None:
        """Until either side ends, or the page wants a call that another worker has."""
        up, down = asyncio.create_task(self._up()), asyncio.create_task(self._down())
        try:
            await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
            return up.result() if up.done() and not up.exception() else None
        finally:
            up.cancel()
            down.cancel()
            await asyncio.gather(up, down, return_exceptions=True)

    async def _up(self) -> Elsewhere | None:
        while True:
            event = await self._page.receive()
            if event["type"] == "websocket.disconnect":
                if event.get("code") not in FAREWELLS:
                    self._worker.transport.abort()  # it vanished, and so it does for the worker
                return None
            text = event.get("text")
            if text and not self._settled and (moved := await self._elsewhere(text)):
                return moved
            with contextlib.suppress(ConnectionClosed):  # what it said last is on its way down
                await self._worker.send(event["bytes"] if text is None else text)

    async def _elsewhere(self, text: str) -> Elsewhere | None:
        try:
            message = json.loads(text)
            kind, session = message["type"], message.get("session_id", "")
        except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
            return None
        if kind == "token":
            self.tokens.append(text)
        self._settled = kind in ("offer", "resume")
        if kind != "resume" or not isinstance(session, str):
            return None
        address = await self._find(session)
        return Elsewhere(address, text) if address and address != self._address else None

    async def _down(self) -> None:
        try:
            if self._greeted:
                await self._worker.recv()
            async for message in self._worker:
                if isinstance(message, str):
                    await self._page.send_text(message)
                else:
                    await self._page.send_bytes(message)
            await self._close_page()
        except ConnectionClosed:
            await self._close_page()
        except (WebSocketDisconnect, RuntimeError):
            pass  # the page is gone; RuntimeError is Starlette's word for a socket already closed

    async def _close_page(self) -> None:
        """As the worker closed; one that died said nothing."""
        farewell = self._worker.protocol.close_rcvd
        reason = farewell.reason if farewell else "the process of this call ended"
        with contextlib.suppress(RuntimeError):
            await self._page.close(farewell.code if farewell else WORKER_LOST, reason)
