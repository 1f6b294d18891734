"""The WebSocket of one page: offer, answer, candidates, events, statistics; its end is the call's.

Messages are JSON objects with a `type`.
From the page: token {token} first of all, offer {sdp, speaker}, candidate {candidate, sdpMid,
sdpMLineIndex}, speaker {name}, hold {ms}, ping {t}, stop. To the page: hello {ice_servers,
speaker}, answer {sdp, session_id, delay_ms}, state, stats, speaker {name}, pong {t, now_ms}, error
{code, message}, bye {reason}.
"""

import asyncio
import contextlib
import json
import time
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect

from avatar.errors import AvatarError
from streaming.core import metrics
from streaming.core.ice_servers import IceServers
from streaming.security.rate_limit import Bucket, TooManyError
from streaming.server.call_handler import CallHandler
from streaming.server.session_manager import RETRY_AFTER, ServerFullError, ServerStoppingError

OUTBOX = 64  # messages a page may be behind before statistics are dropped
BURST = 3.0  # seconds of messages that may come at once
Message = dict[str, Any]


class TooLateError(AvatarError):
    """The page holds a connection that it makes nothing of."""


class Signalling:
    """Speaks with one page until either side ends it."""

    def __init__(self, socket: WebSocket, handler: CallHandler) -> None:
        self._socket = socket
        self._guest = handler
        self._limits = handler.services.config.limits
        rate = self._limits.messages_per_second
        self._messages = Bucket(rate, rate * BURST, time.monotonic())
        self._outbox: asyncio.Queue[Message] = asyncio.Queue(OUTBOX)

    async def run(self, ice_servers: IceServers) -> None:
        """Serve the page; when this returns, its session is closed and freed.

        Raises TooManyError or TooLateError if the page is to be shown the door.
        """
        servers = ice_servers.for_page()
        self._notify({"type": "hello", "speaker": self._guest.speaker, "ice_servers": servers})
        writer = asyncio.create_task(self._write())
        try:
            while await self._read():
                pass
        except (WebSocketDisconnect, RuntimeError):
            pass  # the page is gone; RuntimeError is Starlette's word for a socket already closed
        finally:
            if self._guest.session:
                await self._guest.session.close("the page went away")
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer

    def _notify(self, message: Message) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._outbox.put_nowait(message)

    async def _write(self) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                message = await self._outbox.get()
                await self._socket.send_text(json.dumps(message))
                if message["type"] == "bye":
                    await self._socket.close()

    async def _read(self) -> bool:
        """Handle one message; False ends the call."""
        try:
            message = json.loads(await self._receive())
            kind = message["type"]
            if kind == "stop":
                return False
            await self._handle(kind, message)
        except (TooManyError, TooLateError):
            raise
        except ServerFullError as error:
            self._error("full", str(error), retry_after=RETRY_AFTER)
        except ServerStoppingError as error:
            self._error("stopping", str(error), retry_after=RETRY_AFTER)
        except AvatarError as error:
            self._error("refused", str(error))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            self._error("malformed", "the message was not understood")
        return True

    async def _receive(self) -> str:
        waiting = None if self._guest.session else self._limits.connecting_s
        try:
            async with asyncio.timeout(waiting):
                text = await self._socket.receive_text()
        except TimeoutError:
            raise TooLateError("no call was begun; come again") from None
        if not self._messages.take(time.monotonic()):
            raise TooManyError("too many messages; come again")
        return text

    def _error(self, code: str, text: str, **more: object) -> None:
        metrics.REFUSED.labels(code).inc()
        self._notify({"type": "error", "code": code, "message": text, **more})

    async def _handle(self, kind: str, message: Message) -> None:
        match kind:
            case "offer":
                await self._offer(_text(message, "sdp"), message.get("speaker"))
            case "candidate" if self._guest.session:
                await self._guest.candidate(
                    _text(message, "candidate"), message.get("sdpMid"), message.get("sdpMLineIndex")
                )
            case "speaker" if self._guest.session:
                name = _text(message, "name")
                await self._guest.switch(name)
                self._notify({"type": "speaker", "name": name})
            case "hold" if self._guest.session:
                self._guest.session.hold_pictures(float(message["ms"]))
            case "ping":
                now = time.monotonic() * 1000
                self._notify({"type": "pong", "t": message.get("t"), "now_ms": now})
            case "token":
                pass  # pages send one whether it is needed or not
            case _:
                raise ValueError(kind)

    async def _offer(self, sdp: str, wanted: object) -> None:
        name = wanted if isinstance(wanted, str) else ""
        answer = await self._guest.call(sdp, name, self._notify)
        session = self._guest.session
        assert session
        delay = round(session.delay * 1000, 1)
        self._notify({"type": "answer", "sdp": answer, "session_id": session.id, "delay_ms": delay})


def _text(message: Message, key: str) -> str:
    value = message[key]
    if not isinstance(value, str):
        raise TypeError(key)
    return value
