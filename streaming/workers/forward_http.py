"""One HTTP request passed on to a worker, and its response back, piece by piece."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import h11
from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from avatar.errors import AvatarError
from streaming.server.errors import NotReadyError
from streaming.workers.addresses import Address, key_header
from streaming.workers.forwarded import forwarded_headers

RECEIVE_BYTES = 65_536
HOP_BY_HOP = (b"connection", b"keep-alive", b"transfer-encoding", b"date", b"server")


async def forward(
    request: Request, address: Address, body: bytes | None = None
) -> StreamingResponse:
    """What the worker at `address` answers; `body` if it has been read. Raises AvatarError."""
    query = f"?{request.url.query}" if request.url.query else ""
    line = await WorkerLine.open(address)
    head = await line.ask(
        request.method,
        request.url.path + query,
        [*forwarded_headers(request), *key_header(address)],
        request.stream() if body is None else _whole(body),
    )

    async def answer() -> AsyncIterator[bytes]:
        async with line:
            async for piece in line.pieces():
                yield piece

    response = StreamingResponse(answer(), head.status_code)
    response.raw_headers = [(name, value) for name, value in head.headers if name not in HOP_BY_HOP]
    return response


async def get(address: Address, path: str) -> bytes:
    """The body of what a worker answers to a GET. Raises AvatarError."""
    async with await WorkerLine.open(address) as line:
        await line.ask("GET", path, [("host", "localhost"), *key_header(address)], _whole(b""))
        return b"".join([piece async for piece in line.pieces()])


class WorkerLine:
    """A connection to a worker, for one request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._protocol = h11.Connection(h11.CLIENT)

    @classmethod
    async def open(cls, address: Address) -> "WorkerLine":
        """Raises NotReadyError if the worker is not there."""
        try:
            if isinstance(address, Path):
                return cls(*await asyncio.open_unix_connection(str(address)))
            return cls(*await asyncio.open_connection(address.host, address.port))
        except OSError as error:
            raise NotReadyError from error

    async def __aenter__(self) -> "WorkerLine":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def ask(
        self,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        body: AsyncIterator[bytes],
    ) -> h11.Response:
        """Send a request; the head of its answer. Raises AvatarError, and closes the line then."""
        try:
            fields = [*headers, ("connection", "close")]
            self._send(h11.Request(method=method, target=target, headers=fields))
            async for piece in body:
                if piece:
                    self._send(h11.Data(data=piece))
                    await self._writer.drain()
            self._send(h11.EndOfMessage())
            while not isinstance(event := await self._next(), h11.Response):
                pass
            return event
        except (OSError, h11.ProtocolError, ClientDisconnect) as error:
            self._writer.close()
            raise AvatarError("the request broke off; try again") from error
        except BaseException:
            self._writer.close()
            raise

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body of the answer."""
        while isinstance(event := await self._next(), h11.Data):
            yield bytes(event.data)

    def _send(self, event: h11.Event) -> None:
        data = self._protocol.send(event)
        if data:
            self._writer.write(data)

    async def _next(self) -> h11.Event:
        while True:
            event = self._protocol.next_event()
            if isinstance(event, h11.Event):
                return event
            self._protocol.receive_data(await self._reader.read(RECEIVE_BYTES))


async def _whole(body: bytes) -> AsyncIterator[bytes]:
    yield body
