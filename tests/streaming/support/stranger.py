"""What a stranger needs to try a door: tokens, good and bad, and a WebSocket."""

import asyncio
import contextlib
import json
import time
from typing import Any

import websockets

from streaming.core.limits import Limits
from streaming.security.tokens import Grant, TokenSigner
from tests.streaming.support.live_server import LiveServer

SECRET = b"0123456789abcdef0123456789abcdef"
OUTSIDE = {"x-forwarded-for": "198.51.100.7", "x-forwarded-proto": "https"}
LIMITS = Limits(
    token_s=1, connecting_s=2, tries_per_minute=5, sockets_per_address=2, sessions_per_address=1
)


def token(role: Any = "talk", speaker: str = "*", seconds: float = 60, session: str = "") -> str:
    return TokenSigner(SECRET).sign(Grant(speaker, role, time.time() + seconds, session))


def bearing(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def page(server: LiveServer, **options: Any) -> Any:
    return websockets.connect(server.address.replace("http", "ws") + "/ws", **options)


async def receive(socket: Any) -> dict[str, Any]:
    async with asyncio.timeout(10):
        message: dict[str, Any] = json.loads(await socket.recv())
        return message


async def closed(socket: Any) -> int:
    async with asyncio.timeout(10):
        with contextlib.suppress(websockets.exceptions.ConnectionClosed):
            while True:
                await socket.recv()
    return int(socket.close_code)
