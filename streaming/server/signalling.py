"""The WebSocket of one page: offer, answer, candidates, events, statistics; its end is the call's.

streaming/webrtc/messages.py says what is said.
"""

import asyncio
import contextlib
import time

from fastapi import WebSocket, WebSocketDisconnect

from avatar.errors import AvatarError
from streaming.core import metrics
from streaming.core.ice_servers import IceServers
from streaming.core.mark_settings import MarkSettings
from streaming.core.outbox import Outbox
from streaming.media.call import Call
from streaming.render.picture_memory import NoSharedMemoryError
from streaming.security.rate_limit import Bucket, TooManyError
from streaming.server.call_handler import CallHandler
from streaming.server.session_manager import RETRY_AFTER_S, ServerFullError, ServerStoppingError
from streaming.server.talks import Talks
from streaming.webrtc.messages import (
    Answer,
    Bye,
    Candidate,
    ChooseSpeaker,
    Error,
    ErrorCode,
    FromPage,
    Hello,
    Hold,
    LabelWords,
    Message,
    MotionFrame,
    Offer,
    Ping,
    Pong,
    SpeakerChanged,
    Stop,
    TalkError,
    TalkInterrupt,
    TalkMode,
    TalkText,
    Token,
    from_page,
)

OUTBOX_MESSAGES = 64  # messages a page may be behind before statistics are dropped
BURST_S = 3.0  # of messages that may come at once


class TooLateError(AvatarError):
    """The page holds a connection that it makes nothing of."""


class Signalling:
    """Speaks with one page until either side ends it."""

    def __init__(self, socket: WebSocket, handler: CallHandler, talks: Talks) -> None:
        self._socket = socket
        self._handler = handler
        self._talks = talks
        self._limits = handler.services.config.limits
        rate = self._limits.messages_per_second
        self._messages = Bucket(rate, rate * BURST_S, time.monotonic())
        self._outbox = Outbox(socket, OUTBOX_MESSAGES)
        self._motion = False

    async def run(self, ice_servers: IceServers) -> None:
        """Serve the page; when this returns, its session is closed and freed.

        Raises TooManyError or TooLateError if the page is to be refused.
        """
        label = _label(self._handler.services.config.marks)
        servers = ice_servers.for_page()
        self._notify(Hello(speaker=self._handler.speaker, ice_servers=servers, label=label))
        writer = asyncio.create_task(self._outbox.write())
        try:
            while await self._read():
                pass
        except (WebSocketDisconnect, RuntimeError):
            pass  # the page is gone; RuntimeError is Starlette's word for a socket already closed
        finally:
            if self._handler.session:
                await self._handler.session.close("the page went away")
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer

    def _notify(self, message: Message) -> None:
        if isinstance(message, MotionFrame) and not (self._motion and self._outbox.has_room):
            return
        self._outbox.put(message.as_text(), last=isinstance(message, Bye))

    async def _read(self) -> bool:
        """Handle one message; False ends the call."""
        try:
            message = from_page.validate_json(await self._receive())
            if isinstance(message, Stop):
                return False
            await self._handle(message)
        except (TooManyError, TooLateError):
            raise
        except (ServerFullError, NoSharedMemoryError) as error:
            self._error("full", str(error), RETRY_AFTER_S)
        except ServerStoppingError as error:
            self._error("stopping", str(error), RETRY_AFTER_S)
        except AvatarError as error:
            self._error("refused", str(error))
        except (ValueError, KeyError):  # KeyError is Starlette's word for a message of bytes
            self._error("malformed", "the message was not understood")
        return True

    async def _receive(self) -> str:
        waiting = None if self._handler.session else self._limits.connecting_s
        try:
            async with asyncio.timeout(waiting):
                text = await self._socket.receive_text()
        except TimeoutError:
            raise TooLateError("no call was begun; come again") from None
        if not self._messages.take(time.monotonic()):
            raise TooManyError("too many messages; come again")
        return text

    def _error(self, code: ErrorCode, text: str, retry_after: int | None = None) -> None:
        metrics.REFUSED.labels(code).inc()
        self._notify(Error(code=code, message=text, retry_after=retry_after))

    async def _handle(self, message: FromPage) -> None:
        match message:
            case Offer():
                await self._offer(message)
            case Candidate() if self._handler.session:
                await self._handler.candidate(
                    message.candidate, message.sdpMid, message.sdpMLineIndex
                )
            case ChooseSpeaker() if self._handler.session:
                await self._handler.switch(message.name)
                self._notify(SpeakerChanged(name=message.name))
            case Hold() if self._handler.session:
                self._handler.session.hold_pictures(message.ms)
            case TalkMode() | TalkText() | TalkInterrupt() if self._handler.session:
                await self._talk(message, self._handler.session)
            case Ping():
                self._notify(Pong(t=message.t, now_ms=time.monotonic() * 1000))
            case Token():
                pass  # pages send one whether it is needed or not
            case _:
                raise ValueError(message.type)

    async def _offer(self, offer: Offer) -> None:
        if offer.motion and not self._handler.services.config.motion:
            raise AvatarError("this server gives no motion; start it with --motion")
        self._motion = offer.motion
        answer = await self._handler.call(offer.sdp, offer.speaker or "", self._notify)
        session = self._handler.session
        assert session
        delay = round(session.delay * 1000, 1)
        self._notify(Answer(sdp=answer, session_id=session.id, delay_ms=delay))
        if offer.mode == "talk":
            await self._talk(TalkMode(mode="talk"), session)

    async def _talk(self, message: TalkMode | TalkText | TalkInterrupt, call: Call) -> None:
        """What is wrong with it is said in words; the call goes on."""
        try:
            match message:
                case TalkMode(mode="talk"):
                    self._talks.begin(call, self._notify)
                case TalkMode():
                    await self._talks.end(call)
                case TalkText():
                    await self._talks.of(call).type(message.text)
                case TalkInterrupt():
                    await self._talks.of(call).interrupt()
        except AvatarError as error:
            self._notify(TalkError(message=str(error)))


def _label(marks: MarkSettings) -> LabelWords | None:
    """What the page shows over the face, in its own writing."""
    if not marks.label:
        return None
    return LabelWords(word=marks.word, sentence=marks.sentence, language=marks.label_language)
