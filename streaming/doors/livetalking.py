"""Speech by HTTP, in the words of LiveTalking: for programs that were written against it."""

import asyncio
import email
import email.policy
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from avatar.audio import FPS, SAMPLE_RATE, stream_sound
from avatar.errors import AvatarError
from avatar.media.samples import Samples
from streaming.media.call import Call
from streaming.media.clock import VOICE_RATE
from streaming.media.speech_queue import MOST_WAITING, SpeechQueue

SPEECH_RATE = SAMPLE_RATE  # Hz, of `read_speech`
LONGEST = MOST_WAITING // VOICE_RATE  # seconds of one file


def session_number(session: str) -> int:
    """A session as LiveTalking counts them: its pages take the number through JavaScript."""
    return int(session[:12], 16)


def envelope(data: Any = None, error: str = "") -> dict[str, Any]:
    """The form of every answer."""
    return {"code": -1, "msg": error} if error else {"code": 0, "msg": "ok", "data": data}


class CallSpeech:
    """Speech of callers that hold nothing open: a queue for each call, for as long as it lasts."""

    def __init__(self) -> None:
        self._queues: dict[str, SpeechQueue] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def queue(self, call: Call) -> SpeechQueue:
        """The queue of a call. Raises AvatarError if somebody else speaks in it."""
        if call.id not in self._queues:
            opened: asyncio.Future[SpeechQueue] = asyncio.get_running_loop().create_future()
            task = asyncio.create_task(self._hold(call, opened))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            self._queues[call.id] = await opened
        return self._queues[call.id]

    async def _hold(self, call: Call, opened: asyncio.Future[SpeechQueue]) -> None:
        try:
            async with call.avatar_stream.pushed_speech(lambda _event: None) as queue:
                opened.set_result(queue)
                await call.closed.wait()
        except AvatarError as error:
            opened.set_exception(error)
        finally:
            self._queues.pop(call.id, None)


def read_form(content_type: str, body: bytes) -> dict[str, bytes]:
    """The fields of a multipart form. Raises AvatarError if it is none."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    if not message.is_multipart():
        raise AvatarError("send a form with the fields sessionid and file")
    fields = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content
    return fields


def read_speech(file: bytes) -> bytes:
    """Any sound file -> 16-bit mono at 16 kHz. Raises AvatarError if it is none, or too long."""
    pieces: list[Samples] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech"
        path.write_bytes(file)
        try:
            for piece in stream_sound(path):
                pieces.append(piece)
                if len(pieces) > LONGEST * FPS:
                    raise AvatarError(f"the file is longer than {LONGEST} s; send it in parts")
        except AvatarError as error:
            raise AvatarError(str(error).replace(str(path), "the file")) from error
    return np.clip(np.concatenate(pieces) * 32768, -32768, 32767).astype("<i2").tobytes()
