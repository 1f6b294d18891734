"""How a WebSocket shows its token: in the Authorization header or in its first message."""

import asyncio
import json

from starlette.websockets import WebSocket, WebSocketDisconnect

from streaming.security.access import AccessControl
from streaming.security.tokens import Grant, Role, TokenError, bearer


async def authenticate(
    socket: WebSocket, access: AccessControl, role: Role, timeout_s: float
) -> Grant:
    """What an accepted socket may do; waits `timeout_s` seconds for its token.

    Browsers cannot set headers of a WebSocket, and addresses end up in logs, so pages send
    `{"type": "token", "token": ...}` first. Raises TokenError, or WebSocketDisconnect.
    """
    return access.admit(await shown_token(socket, access, timeout_s), role)


async def shown_token(socket: WebSocket, access: AccessControl, timeout_s: float) -> str:
    """The token that a socket shows, good or bad; nothing if none is needed. Raises the same."""
    token = bearer(socket.headers)
    if access.needs_token and not token:
        try:
            async with asyncio.timeout(timeout_s):
                token = _token(await socket.receive())
        except TimeoutError:
            raise TokenError("no token came; send it first") from None
    return token


def _token(event: object) -> str:
    assert isinstance(event, dict)
    if event["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(event.get("code", 1000))
    try:
        message = json.loads(event.get("text") or "")
    except (ValueError, RecursionError):
        return ""
    token = message.get("token") if isinstance(message, dict) else None
    return token if isinstance(token, str) else ""
