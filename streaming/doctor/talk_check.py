"""Whether the services of a conversation answer, and how fast."""

import asyncio
import io
import time
import wave
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np

from avatar.audio import SAMPLE_RATE
from avatar.errors import AvatarError
from streaming.doctor.finding import Finding
from streaming.talk.agent_file import (
    AgentFile,
    Language,
    Reached,
    Recognition,
    ServiceClass,
    Speech,
    SpeechToSpeech,
)
from streaming.talk.plan import load_plan

ANSWER_TIMEOUT_S = 15.0
SLOW_S = 1.0  # to the first of an answer: beyond it people wait
REQUEST = "Say yes."
SENTENCE = "Hello, can you hear me?"
CONTAINERS = (b"RIFF", b"ID3", b"OggS", b"fLaC", b"\xff\xfb", b"\xff\xf3")  # no plain PCM


async def check_talk(wanted: str) -> list[Finding]:
    """What `--talk` names, and each service of it, all asked at once."""
    try:
        plan = load_plan(wanted)
    except AvatarError as error:
        return [Finding("talk", "bad", str(error))]
    if plan is None or plan.agent is None:
        return [Finding("talk", "good", f"{wanted} needs no service")]
    agent = plan.agent
    looks = [_look(role, part, agent) for role, part in agent.parts()]
    return list(await asyncio.gather(*looks))


async def _look(role: str, part: Reached | ServiceClass, agent: AgentFile) -> Finding:
    from streaming.talk.services import make_service

    try:
        make_service(role, part, agent)  # type: ignore[arg-type]
    except AvatarError as error:
        return Finding(role, "bad", str(error))
    if isinstance(part, ServiceClass):
        return Finding(role, "note", f"{part.service} can be made; a call shows if it answers")
    if isinstance(part, SpeechToSpeech):
        return await _timed(role, part, _try_socket)
    tries: dict[type[Reached], Callable[[Any, Any], Awaitable[str]]] = {
        Recognition: _try_recognition,
        Language: _try_language,
        Speech: _try_speech,
    }
    return await _timed(role, part, tries[type(part)])


async def _timed(role: str, part: Reached, ask: Callable[[Any, Any], Awaitable[str]]) -> Finding:
    """Ask; what came of it and how long the first of it took, in plain words."""
    import openai

    from streaming.talk.services import key_of

    client = openai.AsyncOpenAI(
        api_key=key_of(part), base_url=part.base_url, timeout=ANSWER_TIMEOUT_S, max_retries=0
    )
    begun, where = time.monotonic(), f"{part.model} at {part.base_url}"
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            words = await ask(client, part)
    except (TimeoutError, openai.APITimeoutError):
        return Finding(role, "bad", f"{where} did not answer within {ANSWER_TIMEOUT_S:g} s")
    except openai.AuthenticationError:
        return Finding(role, "bad", f"{where} refuses the key in {part.api_key_env or 'no key'}")
    except openai.NotFoundError:
        return Finding(role, "bad", f"{where}: there is no such address, or no such model")
    except (openai.APIConnectionError, OSError):
        return Finding(role, "bad", f"{where} cannot be reached; is it running?")
    except (openai.OpenAIError, AvatarError) as error:
        return Finding(role, "bad", f"{where}: {' '.join(str(error).split())[:200]}")
    finally:
        await client.close()
    took = time.monotonic() - begun
    slow = "; people will wait" if took > SLOW_S else ""
    return Finding(
        role, "note" if slow else "good", f"{where} answers in {took * 1000:.0f} ms: {words}{slow}"
    )


async def _try_recognition(client: Any, part: Recognition) -> str:
    text = await client.audio.transcriptions.create(
        file=("speech.wav", _noise(), "audio/wav"), model=part.model
    )
    return f"it heard {text.text.strip()!r} in a second of noise"


async def _try_language(client: Any, part: Language) -> str:
    stream = await client.chat.completions.create(
        model=part.model, messages=[{"role": "user", "content": REQUEST}], stream=True
    )
    async with stream:
        async for piece in stream:
            if piece.choices and piece.choices[0].delta.content:
                return "its first word came"
    raise AvatarError("it answered without a word")


async def _try_speech(client: Any, part: Speech) -> str:
    speech = client.audio.speech.with_streaming_response
    async with speech.create(
        input=SENTENCE, model=part.model, voice=part.voice, response_format="pcm"
    ) as answer:
        async for piece in answer.iter_bytes(4096):
            if piece.startswith(CONTAINERS):
                raise AvatarError("it sends a sound file where plain PCM was asked for")
            return f"its first sound came, with the voice {part.voice}"
    raise AvatarError("it answered without a sound")


async def _try_socket(_client: Any, part: SpeechToSpeech) -> str:
    from websockets.asyncio.client import connect

    from streaming.talk.services import key_of

    headers = {"Authorization": f"Bearer {key_of(part)}"}
    async with connect(f"{part.base_url}?model={part.model}", additional_headers=headers):
        return "its door opened"


def _noise() -> bytes:
    """A second of quiet noise, as a WAV file."""
    sound = np.random.default_rng(0).normal(0, 30, SAMPLE_RATE).astype("<i2")
    file = io.BytesIO()
    with wave.Wave_write(file) as wav:
        wav.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        wav.writeframes(sound.tobytes())
    return file.getvalue()
