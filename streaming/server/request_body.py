"""The body of a request: how large it may be and how long it may take, whoever reads it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from fastapi import HTTPException, Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True)
class BodyLimit:
    """Bytes, and seconds from the request's head to the body's end."""

    size: int
    seconds: float


class BodyLimits:
    """ASGI middleware that holds every body to the limit of its path, or else to `default`.

    Where the body is read, HTTPException is raised: 400 if it breaks off, 408 if it is slow, 413
    if it is too large. It must stand inside of middleware that reads bodies itself.
    """

    def __init__(self, app: ASGIApp, default: BodyLimit, of_paths: Mapping[str, BodyLimit]) -> None:
        self._app = app
        self._default = default
        self._of_paths = of_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            limit = self._of_paths.get(scope["path"], self._default)
            receive = _LimitedReceive(receive, limit, Headers(scope=scope))
        await self._app(scope, receive, send)


class _LimitedReceive:
    def __init__(self, receive: Receive, limit: BodyLimit, headers: Headers) -> None:
        self._receive = receive
        self._limit = limit
        self._deadline = asyncio.get_running_loop().time() + limit.seconds
        declared = headers.get("content-length", "")
        self._declared = int(declared) if declared.isdecimal() else 0
        self._size = 0
        self._complete = False

    async def __call__(self) -> Message:
        if self._complete:
            return await self._receive()
        self._check(self._declared)
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, "the body did not come in time") from None
        if message["type"] == "http.disconnect":
            raise HTTPException(400, "the body broke off")
        self._size += len(message.get("body", b""))
        self._check(self._size)
        self._complete = not message.get("more_body", False)
        return message

    def _check(self, size: int) -> None:
        if size > self._limit.size:
            raise HTTPException(413, f"the body has at most {self._limit.size} bytes here")


async def save_body(request: Request, file: IO[bytes]) -> None:
    """Write the body into `file`, a piece at a time. Raises HTTPException, OSError."""
    async for piece in request.stream():
        await asyncio.to_thread(file.write, piece)
    await asyncio.to_thread(file.flush)


def described(content_type: str, schema: dict[str, object]) -> dict[str, object]:
    """What OpenAPI is told of a body that is no model."""
    return {"requestBody": {"required": True, "content": {content_type: {"schema": schema}}}}
