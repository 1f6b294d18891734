"""The WebSocket `/speak`: an agent in any language speaks with the face of a running call."""

import asyncio
import contextlib
import time

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from avatar.errors import AvatarError
from avatar.gestures import Gesture
from streaming.core.outbox import Outbox
from streaming.doors.speak_messages import (
    FromAgent,
    Interrupt,
    Interrupted,
    Problem,
    SessionReady,
    Speak,
    SpeakEnd,
    SpeakEnded,
    SpeakGesture,
    SpeakStarted,
    ToAgent,
)
from streaming.media.call import Call
from streaming.media.speech_queue import (
    SpeechEvent,
    SpeechFinished,
    SpeechQueue,
    SpeechRefusedError,
    SpeechStarted,
)
from streaming.security.rate_limit import Bucket

DEFAULT_RATE = 24_000  # Hz
MESSAGES_PER_S = 200  # pieces of 5 ms in real time
BURST_S = 5.0  # of messages that may come at once
OUTBOX_MESSAGES = 256  # messages an agent may be behind before some are lost to it
ABANDONED = "no speech came for 5 s in the middle of a segment; end it with agent.speak_end"
ENDED = "the call is over; speak in another"


class SpeakSocket:
    """Takes speech of one agent for one call, and tells what of it was heard."""

    def __init__(self, socket: WebSocket, call: Call, rate: int = DEFAULT_RATE) -> None:
        self._socket, self._call, self._rate = socket, call, rate
        self._outbox = Outbox(socket, OUTBOX_MESSAGES)
        self._messages = Bucket(MESSAGES_PER_S, MESSAGES_PER_S * BURST_S, time.monotonic())

    async def run(self) -> None:
        """Serve the agent until it leaves or the call ends.

        Raises AvatarError if somebody else speaks in this call.
        """
        async with self._call.avatar_stream.pushed_speech(self._report) as queue:
            self._tell_ready(queue)
            tasks = [
                asyncio.create_task(work)
                for work in (self._outbox.write(), self._read(queue), self._call.closed.wait())
            ]
            try:
                await asyncio.wait(tasks[1:], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        if self._call.closed.is_set():
            await self._close()

    def _tell_ready(self, queue: SpeechQueue) -> None:
        delay = round(self._call.avatar_stream.clock.delay * 1000, 1)
        self._tell(
            SessionReady(
                session_id=self._call.id,
                rate=self._rate,
                delay_ms=delay,
                generation=queue.generation,
            )
        )

    async def _read(self, queue: SpeechQueue) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                if not self._messages.take(time.monotonic()):
                    self._refuse(
                        "too-many", f"more than {MESSAGES_PER_S} messages a second; send larger"
                    )
                elif message.get("bytes") is not None:
                    self._push(queue, message["bytes"], None)
                else:
                    self._take(queue, message["text"])

    def _take(self, queue: SpeechQueue, text: str) -> None:
        try:
            message = FromAgent.validate_json(text)
        except ValidationError:
            self._refuse("malformed", "the message was not understood")
            return
        match message:
            case Speak(audio=pcm, generation=generation):
                self._push(queue, pcm, generation)
            case SpeakEnd(generation=generation):
                queue.end_segment(generation)
            case Interrupt():
                queue.clear()
                self._tell(Interrupted(generation=queue.generation))
            case SpeakGesture():
                self._make(message.gesture)

    def _make(self, gesture: Gesture) -> None:
        try:
            self._call.avatar_stream.gesture(gesture)
        except AvatarError as error:
            self._refuse("refused", str(error))

    def _push(self, queue: SpeechQueue, pcm: bytes, generation: int | None) -> None:
        try:
            queue.push(pcm, self._rate, generation)
        except SpeechRefusedError as error:
            self._refuse("refused", str(error))

    def _report(self, event: SpeechEvent) -> None:
        match event:
            case SpeechStarted(segment):
                self._tell(SpeakStarted(segment=segment))
            case SpeechFinished(segment, position, end):
                if end == "abandoned":
                    self._refuse("abandoned", ABANDONED)
                heard, cut = round(position * 1000), end == "interrupted"
                self._tell(SpeakEnded(segment=segment, position_ms=heard, interrupted=cut))

    def _refuse(self, code: str, text: str) -> None:
        self._tell(Problem.model_validate({"code": code, "message": text}))

    def _tell(self, message: ToAgent) -> None:
        self._outbox.put(message.model_dump_json())

    async def _close(self) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.send_text(Problem(code="ended", message=ENDED).model_dump_json())
            await self._socket.close()
