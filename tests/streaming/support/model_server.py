"""Models behind OpenAI's protocol: a script that thinks, flite speaks, pocketsphinx hears."""

import asyncio
import io
import json
import socket
import threading
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import StreamingResponse

from avatar.audio import Resampler
from streaming.doors.livetalking import read_form
from tests.streaming.support.person import RATE, spoken

SPEECH_RATE = 24_000
KEY = "right"
TOKENS = 100  # that each answer is said to have taken
PIECE = 4800  # bytes: 0.1 s
Role = Literal["recognition", "language", "speech"]
VOICES = {"alloy": "slt"}  # OpenAI's, which its own classes insist on


@dataclass
class ModelServer:
    """What it was asked; how it behaves, by the name of the model."""

    address: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    answer: str = "You have spoken {turns} times. That is all I know."
    transcript: str | None = "good morning"
    "What recognition says; None: what pocketsphinx hears."
    trouble: dict[Role, Literal["dies", "hangs", "refuses"]] = field(default_factory=dict)
    "What ends in the middle of its answer, does not answer, or does not know the key any more."
    tool: dict[str, Any] | None = None
    "The call that the language model makes first."

    def part(self, **more: object) -> dict[str, Any]:
        return {"base_url": f"{self.address}/v1", "model": "test", **more}

    def agent(self, **more: object) -> dict[str, Any]:
        """A talk.yaml with all three of them."""
        return {
            "recognition": self.part(),
            "language": self.part(),
            "speech": self.part(voice="slt"),
            **more,
        }


@lru_cache
def speech(text: str, voice: str) -> bytes:
    """16-bit PCM of 24 kHz."""
    sound = spoken(text, voice).astype(np.float32) / 32768
    resampler = Resampler(RATE, SPEECH_RATE)
    whole = np.concatenate([resampler.push(sound), resampler.flush()])
    return (whole * 32767).astype("<i2").tobytes()


def recognise(wav: bytes) -> str:
    """What pocketsphinx hears, which brings an English model along."""
    from pocketsphinx import Decoder

    with wave.open(io.BytesIO(wav)) as file:
        sound = file.readframes(file.getnframes())
    decoder = Decoder(samprate=16_000, loglevel="FATAL")
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return str(found.hypstr) if found else ""


def model_app(models: ModelServer) -> FastAPI:
    app = FastAPI()

    def check(request: Request, role: Role | None = None) -> None:
        known = request.headers.get("authorization") in ("Bearer none", f"Bearer {KEY}")
        if not known or (role and models.trouble.get(role) == "refuses"):
            raise HTTPException(401, "wrong key")

    async def check_role(request: Request, role: Role) -> None:
        check(request, role)
        if models.trouble.get(role) == "hangs":
            await asyncio.sleep(60)

    @app.get("/v1/models")
    def list_models(request: Request) -> dict[str, Any]:
        check(request)
        return {"object": "list", "data": [{"id": "test", "object": "model"}]}

    @app.post("/v1/chat/completions", response_model=None)
    async def chat(request: Request) -> Response:
        await check_role(request, "language")
        asked = await request.json()
        models.asked.append(asked)
        return StreamingResponse(_tokens(models, asked), media_type="text/event-stream")

    @app.post("/v1/audio/speech")
    async def speak(request: Request) -> Response:
        await check_role(request, "speech")
        asked = await request.json()
        models.said.append(asked["input"])
        voice = VOICES.get(asked["voice"], asked["voice"])
        pcm = await asyncio.to_thread(speech, asked["input"], voice)
        pieces = [pcm[start : start + PIECE] for start in range(0, len(pcm), PIECE)]
        return StreamingResponse(_sent(models, "speech", pieces), media_type="audio/pcm")

    @app.post("/v1/audio/transcriptions", response_model=None)
    async def transcribe(request: Request) -> Response:
        await check_role(request, "recognition")
        form = read_form(request.headers["content-type"], await request.body())
        text = models.transcript
        if text is None:
            text = await asyncio.to_thread(recognise, form["file"])
        models.heard.append(text)
        pieces = ['{"text": ', json.dumps(text), "}"]
        return StreamingResponse(
            _sent(models, "recognition", pieces), media_type="application/json"
        )

    return app


async def _sent(models: ModelServer, role: Role, pieces: list[Any]) -> AsyncIterator[Any]:
    """All of them, unless it dies half-way."""
    for number, piece in enumerate(pieces):
        if models.trouble.get(role) == "dies" and number == len(pieces) // 2:
            raise ConnectionResetError("it dies here")
        yield piece


async def _tokens(models: ModelServer, asked: dict[str, Any]) -> AsyncIterator[str]:
    messages = asked["messages"]
    if models.tool and messages[-1]["role"] != "tool":
        call = {"index": 0, "id": "call_1", "type": "function", "function": models.tool}
        yield _event({"role": "assistant", "tool_calls": [call]})
        yield _event({}, finish="tool_calls")
    else:
        turns = sum(message["role"] == "user" for message in messages)
        told = messages[-1]["content"] if messages[-1]["role"] == "tool" else ""
        words = models.answer.format(turns=turns, told=told).split(" ")
        spaced = [f"{word} " for word in words[:-1]] + words[-1:]
        events = [_event({"content": word}) for word in spaced]
        async for event in _sent(models, "language", events):
            yield event
        yield _event({}, finish="stop")
        yield _usage(TOKENS)
    yield "data: [DONE]\n\n"


def _event(delta: dict[str, Any], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    whole = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "test"}
    return f"data: {json.dumps({**whole, 'choices': [choice]})}\n\n"


def _usage(tokens: int) -> str:
    usage = {"prompt_tokens": tokens - 1, "completion_tokens": 1, "total_tokens": tokens}
    whole = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "test"}
    return f"data: {json.dumps({**whole, 'choices': [], 'usage': usage})}\n\n"


@contextmanager
def serving_models() -> Iterator[ModelServer]:
    """A real server on a port of this machine."""
    models = ModelServer()
    listener = socket.create_server(("127.0.0.1", 0))
    models.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = uvicorn.Config(model_app(models), log_level="critical")
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield models
    finally:
        server.should_exit = server.force_exit = True
        thread.join(20)
