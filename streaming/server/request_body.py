"""The body of a request, read by hand: with a limit, and without waiting for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import IO

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

from streaming.server.uvicorn_server import HEAD_TIMEOUT_S


async def read_body(request: Request, limit: int, seconds: float | None = None) -> bytes:
    """At most `limit` bytes that come within `seconds`, or the time that heads of requests have.

    Raises HTTPException (400, 408, 413).
    """
    body = bytearray()

    async def take(piece: bytes) -> None:
        body.extend(piece)

    await _receive(request, limit, seconds or HEAD_TIMEOUT_S, take)
    return bytes(body)


async def save_body(request: Request, file: IO[bytes], limit: int, seconds: float) -> None:
    """The same into a file, a piece at a time. Raises HTTPException (400, 408, 413), OSError."""

    async def take(piece: bytes) -> None:
        await asyncio.to_thread(file.write, piece)

    await _receive(request, limit, seconds, take)
    await asyncio.to_thread(file.flush)


async def _receive(
    request: Request, limit: int, seconds: float, take: Callable[[bytes], Awaitable[None]]
) -> None:
    size = 0
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                size += len(piece)
                if size > limit:
                    raise HTTPException(413, f"the body has at most {limit} bytes here")
                await take(piece)
    except TimeoutError:
        raise HTTPException(408, "the body did not come in time") from None
    except ClientDisconnect:
        raise HTTPException(400, "the body broke off") from None


def described(content_type: str, schema: dict[str, object]) -> dict[str, object]:
    """What OpenAPI is told of a body that is read by hand."""
    return {"requestBody": {"required": True, "content": {content_type: {"schema": schema}}}}
