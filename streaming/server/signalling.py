"""The WebSocket of one page: offer, answer, candidates, events, statistics.

A page that leaves ends its call; one that vanishes may come back to it by another WebSocket.
streaming/webrtc/messages.py says what is said.
"""

import asyncio
import contextlib
import logging
import time

from fastapi import WebSocket, WebSocketDisconnect

from avatar.errors import AvatarError
from avatar.gestures import Gesture
from streaming.core import logs, metrics
from streaming.core.ice_servers import IceServers
from streaming.core.mark_settings import MarkSettings
from streaming.core.outbox import Outbox
from streaming.media.call import Call
from streaming.render.picture_memory import NoSharedMemoryError
from streaming.security.access import AccessControl
from streaming.security.rate_limit import Bucket, TooManyError
from streaming.server.call_handler import CallHandler
from streaming.server.resumption import GoneError, PageLink
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
    MakeGesture,
    Message,
    MotionFrame,
    Offer,
    Ping,
    Pong,
    Resume,
    SpeakerChanged,
    Stop,
    TalkError,
    TalkInterrupt,
    TalkMode,
    TalkText,
    Token,
    from_page,
)

log = logging.getLogger(__name__)

FAREWELLS = (1000, 1001)  # WebSocket close codes of a page that is done with its call, or closed
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
        self._reading: asyncio.Task[bool] | None = None
        self._link = PageLink(self._notify, self._let_go)

    async def run(self, ice_servers: IceServers) -> None:
        """Serve the page; when this returns, its call is over or may be taken up by another socket.

        Raises TooManyError or TooLateError if the page is to be refused.
        """
        marks = self._handler.services.config.marks
        label, signs = _label(marks), marks.signs_recordings
        servers = ice_servers.for_page()
        self._notify(
            Hello(
                speaker=self._handler.speaker,
                ice_servers=servers,
                label=label,
                signs_recordings=signs or None,
            )
        )
        writer = asyncio.create_task(self._outbox.write())
        self._reading = asyncio.create_task(self._read_on())
        vanished = False
        try:
            await asyncio.wait({self._reading})
            if self._reading.cancelled():
                self._handler.session = None  # another WebSocket has taken it over
            else:
                vanished = self._reading.result()
        finally:
            self._reading.cancel()
            await self._part(vanished)
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer

    async def _read_on(self) -> bool:
        """Until the page leaves; True: it is gone without a word."""
        try:
            while await self._read():
                pass
        except WebSocketDisconnect as gone:
            return gone.code not in FAREWELLS
        except RuntimeError:
            pass  # Starlette's word for a socket that this end has closed
        return False

    async def _part(self, vanished: bool) -> None:
        """End the call, unless its page may be on its way to another network."""
        session = self._handler.session
        if session is None:
            return
        logs.session_id.set(session.id)
        if vanished and self._limits.resume_s and session.was_connected:
            log.info("session %s: its page is gone without a word and may come back", session.id)
        else:
            await session.close("the page went away")

    def _notify(self, message: Message) -> None:
        if isinstance(message, MotionFrame) and not (self._link.motion and self._outbox.has_room):
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
        except GoneError as error:
            self._error("gone", str(error))
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
            case Resume() if not self._handler.session:
                await self._come_back(message)
            case Candidate() if self._handler.session:
                await self._handler.candidate(
                    message.candidate, message.sdpMid, message.sdpMLineIndex
                )
            case ChooseSpeaker() if self._handler.session:
                await self._handler.switch(message.name)
                self._notify(SpeakerChanged(name=message.name))
            case Hold() if self._handler.session:
                self._handler.session.hold_pictures(message.ms)
            case MakeGesture() if self._handler.session:
                self._gesture(message.gesture, self._handler.session)
            case TalkMode() | TalkText() | TalkInterrupt() if self._handler.session:
                await self._talk(message, self._handler.session)
            case Ping():
                self._notify(Pong(t=message.t, now_ms=time.monotonic() * 1000))
            case Token():
                pass  # pages send one whether it is needed or not
            case _:
                raise ValueError(message.type)

    async def _offer(self, offer: Offer) -> None:
        handler = self._handler
        if handler.session:
            await self._restart(offer.sdp)
            return
        if offer.motion and not handler.services.config.motion:
            raise AvatarError("this server gives no motion; start it with --motion")
        self._link.motion = offer.motion
        answer = await handler.call(offer.sdp, offer.speaker or "", self._link.notify)
        assert handler.session
        if self._limits.resume_s:
            handler.services.resumption.remember(handler.session, self._link)
        self._answer(answer)
        if offer.mode == "talk":
            await self._talk(TalkMode(mode="talk"), handler.session)

    async def _come_back(self, message: Resume) -> None:
        self._link = self._handler.come_back(message.session_id, message.key)
        self._link.take_over(self._notify, self._let_go)
        logs.session_id.set(message.session_id)
        await self._restart(message.sdp)

    async def _restart(self, sdp: str) -> None:
        access: AccessControl = self._socket.app.state.access
        access.rate_limiter.count_try(self._handler.address)  # it may bring as much as a new call
        self._answer(await self._handler.restart(sdp))

    def _answer(self, sdp: str) -> None:
        session = self._handler.session
        assert session
        self._notify(
            Answer(
                sdp=sdp,
                session_id=session.id,
                delay_ms=round(session.delay * 1000, 1),
                resume=self._link.key if self._limits.resume_s else None,
            )
        )

    def _let_go(self) -> None:
        assert self._reading
        self._reading.cancel()

    def _gesture(self, gesture: Gesture, call: Call) -> None:
        """What the face cannot do is said in words; the call goes on."""
        try:
            call.avatar_stream.gesture(gesture)
        except AvatarError as error:
            self._error("gesture", str(error))

    async def _talk(self, message: TalkMode | TalkText | TalkInterrupt, call: Call) -> None:
        """What is wrong with it is said in words; the call goes on."""
        try:
            match message:
                case TalkMode(mode="talk"):
                    self._talks.begin(call, self._link.notify)
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
