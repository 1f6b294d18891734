"""The WebSocket of one page: offer, answer, candidates, events, statistics; its end is the call's.

Messages are JSON objects with a `type`.
From the page: offer {sdp, speaker}, candidate {candidate, sdpMid, sdpMLineIndex}, speaker {name},
ping {t}, stop. To the page: hello {ice_servers, speaker}, answer {sdp, session_id, delay_ms},
state, stats, speaker {name}, pong {t, now_ms}, error {code, message}, bye {reason}.
"""

import asyncio
import contextlib
import json
import time
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect

from avatar.errors import AvatarError
from streaming.session import Session
from streaming.sessions import RETRY_AFTER, ServerFullError, Sessions
from streaming.speakers import Gallery

OUTBOX = 64  # messages a page may be behind before statistics are dropped
Message = dict[str, Any]


class Signalling:
    """Speaks with one page until either side ends it."""

    def __init__(
        self, socket: WebSocket, sessions: Sessions, gallery: Gallery, default_speaker: str
    ) -> None:
        self._socket = socket
        self._sessions = sessions
        self._gallery = gallery
        self._default_speaker = default_speaker
        self._session: Session | None = None
        self._outbox: asyncio.Queue[Message] = asyncio.Queue(OUTBOX)

    async def run(self, ice_servers: list[dict[str, str]]) -> None:
        """Serve the page; when this returns, its session is closed and freed."""
        self._notify(
            {"type": "hello", "speaker": self._default_speaker, "ice_servers": ice_servers}
        )
        writer = asyncio.create_task(self._write())
        try:
            while await self._read():
                pass
        except (WebSocketDisconnect, RuntimeError):
            pass  # the page is gone; RuntimeError is Starlette's word for a socket already closed
        finally:
            if self._session:
                await self._session.close("the page went away")
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
            message = json.loads(await self._socket.receive_text())
            kind = message["type"]
            if kind == "stop":
                return False
            await self._handle(kind, message)
        except ServerFullError as error:
            self._error("full", str(error), retry_after=RETRY_AFTER)
        except AvatarError as error:
            self._error("refused", str(error))
        except (ValueError, TypeError, KeyError, AttributeError):
            self._error("malformed", "the message was not understood")
        return True

    def _error(self, code: str, text: str, **more: object) -> None:
        self._notify({"type": "error", "code": code, "message": text, **more})

    async def _handle(self, kind: str, message: Message) -> None:
        match kind:
            case "offer":
                await self._offer(_text(message, "sdp"), message.get("speaker"))
            case "candidate" if self._session:
                await self._session.add_candidate(
                    _text(message, "candidate"), message.get("sdpMid"), message.get("sdpMLineIndex")
                )
            case "speaker" if self._session:
                name = self._gallery.check(_text(message, "name"))
                await self._session.switch(name)
                self._notify({"type": "speaker", "name": name})
            case "ping":
                now = time.monotonic() * 1000
                self._notify({"type": "pong", "t": message.get("t"), "now_ms": now})
            case _:
                raise ValueError(kind)

    async def _offer(self, sdp: str, wanted: object) -> None:
        if self._session:
            raise AvatarError("this connection already has a call; stop it first")
        name = wanted if isinstance(wanted, str) and wanted else self._default_speaker
        speaker = self._gallery.check(name)
        session = self._sessions.open(self._notify)
        self._session = session
        try:
            answer = await session.answer(sdp, speaker)
        except AvatarError:
            self._session = None
            await session.close("the offer was refused")
            raise
        delay = round(session.delay * 1000, 1)
        self._notify({"type": "answer", "sdp": answer, "session_id": session.id, "delay_ms": delay})


def _text(message: Message, key: str) -> str:
    value = message[key]
    if not isinstance(value, str):
        raise TypeError(key)
    return value
