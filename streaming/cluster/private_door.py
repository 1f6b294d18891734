"""Where the other machines of a cluster reach this one."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from streaming.core.config import ServeConfig
from streaming.server.errors import POLICY_REFUSED
from streaming.server.serve import server_settings
from streaming.workers.addresses import KEY_HEADER


class KeyedApp:
    """Answers only to who shows the key of the cluster."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._has_key(Headers(scope=scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(POLICY_REFUSED)(scope, receive, send)
        else:
            refusal = PlainTextResponse("only for machines of the cluster\n", 403)
            await refusal(scope, receive, send)

    def _has_key(self, headers: Headers) -> bool:
        return secrets.compare_digest(headers.get(KEY_HEADER, "").encode(), self._key)


@asynccontextmanager
async def private_door(
    app: ASGIApp, config: ServeConfig, host: str, key: str
) -> AsyncIterator[int]:
    """Serve `app` to other machines at a port of this machine's address `host`; the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family)
    server = uvicorn.Server(server_settings(config, KeyedApp(app, key), behind="*"))
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        await serving
