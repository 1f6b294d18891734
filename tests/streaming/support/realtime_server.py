"""A model that hears and speaks by OpenAI's realtime protocol: flite speaks, pocketsphinx hears."""

import asyncio
import base64
import contextlib
import io
import itertools
import json
import socket
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Response, WebSocket, WebSocketDisconnect

from tests.streaming.support.model_server import KEY, SPEECH_RATE, recognise, speech

PIECE_S = 0.1
AHEAD = 2.0  # times as fast as it is heard that sound is sent


@dataclass
class RealtimeServer:
    """What it was told; how it behaves."""

    address: str = ""
    sessions: list[dict[str, Any]] = field(default_factory=list)
    "As the latest connections set theirs."
    told: list[dict[str, Any]] = field(default_factory=list)
    "Every message but sound."
    answer: str = "I have heard you well, thank you very much."
    hears: bool = False
    "Whether pocketsphinx listens; else every turn is `good morning`."
    tool: dict[str, Any] | None = None
    "The call that it makes first."
    connections: list[WebSocket] = field(default_factory=list)

    def part(self, **more: object) -> dict[str, Any]:
        """Of a talk.yaml."""
        address = self.address.replace("http", "ws") + "/v1/realtime"
        return {"base_url": address, "model": "test", **more}

    def kinds(self) -> list[str]:
        return [message["type"] for message in self.told]


class RealtimeSession:
    """One connection, as the protocol has it; turns are the caller's."""

    def __init__(self, models: RealtimeServer, socket: WebSocket) -> None:
        self._models, self._socket = models, socket
        self._numbers = itertools.count()
        self._sound = bytearray()
        self._speaking: asyncio.Task[None] | None = None
        self._told: str | None = None  # what a function gave

    async def run(self) -> None:
        await self._send("session.created", session={})
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await self._take(json.loads(await self._socket.receive_text()))

    async def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "input_audio_buffer.append":
            self._sound += base64.b64decode(message["audio"])
            return
        self._models.told.append(message)
        match message["type"]:
            case "session.update":
                self._models.sessions.append(message["session"])
                await self._send("session.updated", session={})
            case "input_audio_buffer.clear":
                self._sound.clear()
            case "input_audio_buffer.commit":
                await self._write_down()
            case "conversation.item.create" if "output" in message["item"]:
                self._told = message["item"]["output"]
            case "response.create" if self._models.tool and self._told is None:
                await self._call(self._models.tool)
            case "response.create":
                self._speaking = asyncio.create_task(self._answer())
            case "response.cancel" if self._speaking:
                self._speaking.cancel()

    async def _write_down(self) -> None:
        text, item = "good morning", f"item_{next(self._numbers)}"
        if self._models.hears:
            text = await asyncio.to_thread(recognise, _wav(bytes(self._sound)))
        self._sound.clear()
        kind = "conversation.item.input_audio_transcription.completed"
        await self._send(kind, item_id=item, content_index=0, transcript=text)

    async def _call(self, tool: dict[str, Any]) -> None:
        response, item = f"resp_{next(self._numbers)}", f"item_{next(self._numbers)}"
        whole = {"id": response, "object": "realtime.response", "output": []}
        call = {"id": item, "type": "function_call", "call_id": "call_1", "name": tool["name"]}
        await self._send("response.created", response={**whole, "status": "in_progress"})
        await self._send("conversation.item.added", item=call)
        await self._send(
            "response.function_call_arguments.done",
            response_id=response, item_id=item, output_index=0,
            call_id="call_1", arguments=tool["arguments"],
        )  # fmt: skip
        await self._send("response.done", response={**whole, "status": "completed"})

    async def _answer(self) -> None:
        response, item = f"resp_{next(self._numbers)}", f"item_{next(self._numbers)}"
        text = self._models.answer.format(told=self._told)
        status = "completed"
        at = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
        whole = {"id": response, "object": "realtime.response", "output": []}
        message = {"id": item, "type": "message", "role": "assistant", "content": []}
        try:
            await self._send("response.created", response={**whole, "status": "in_progress"})
            await self._send("conversation.item.added", item=message)
            for word in text.split(" "):
                await self._send("response.output_audio_transcript.delta", delta=f"{word} ", **at)
            pcm = await asyncio.to_thread(speech, text, "slt")
            piece = round(PIECE_S * SPEECH_RATE) * 2
            for start in range(0, len(pcm), piece):
                sound = base64.b64encode(pcm[start : start + piece]).decode()
                await self._send("response.output_audio.delta", delta=sound, **at)
                await asyncio.sleep(PIECE_S / AHEAD)
        except asyncio.CancelledError:
            status = "cancelled"
        await self._send("response.done", response={**whole, "status": status})

    async def _send(self, kind: str, **fields: object) -> None:
        event = {"type": kind, "event_id": f"event_{next(self._numbers)}", **fields}
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it has gone
            await self._socket.send_text(json.dumps(event))


def _wav(pcm: bytes) -> bytes:
    """24 kHz as a file of 16 kHz."""
    import numpy as np

    from avatar.audio import SAMPLE_RATE, Resampler

    resampler = Resampler(SPEECH_RATE)
    sound = resampler.push(np.frombuffer(pcm, "<i2").astype(np.float32) / 32768)
    file = io.BytesIO()
    with wave.Wave_write(file) as wav:
        wav.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        wav.writeframes((sound * 32767).astype("<i2").tobytes())
    return file.getvalue()


def _app(models: RealtimeServer) -> FastAPI:
    app = FastAPI()

    @app.websocket("/v1/realtime")
    async def realtime(socket: WebSocket) -> None:
        if socket.headers.get("authorization") not in ("Bearer none", f"Bearer {KEY}"):
            await socket.send_denial_response(Response("wrong key", status_code=401))
            return
        await socket.accept()
        models.connections.append(socket)
        await RealtimeSession(models, socket).run()

    return app


@contextmanager
def serving_realtime() -> Iterator[RealtimeServer]:
    """A real server on a port of this machine."""
    models = RealtimeServer()
    listener = socket.create_server(("127.0.0.1", 0))
    models.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(_app(models), log_level="critical"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield models
    finally:
        server.should_exit = server.force_exit = True
        thread.join(20)
