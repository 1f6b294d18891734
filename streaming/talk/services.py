"""pipecat's services as talk.yaml names them."""

import importlib
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from pipecat.frames.frames import ErrorFrame, Frame, TranscriptionFrame, TTSAudioRawFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.ai_service import AIService
from pipecat.services.llm_service import LLMService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.utils.time import time_now_iso8601

from avatar.errors import AvatarError
from avatar.gestures import GESTURES
from streaming.talk.agent_file import (
    AgentFile,
    FromEnvironment,
    Language,
    Reached,
    Recognition,
    ServiceClass,
    Speech,
    SpeechToSpeech,
)
from streaming.talk.environment import variable
from streaming.talk.gesture_tags import prompt
from streaming.talk.spoken_model import make_spoken_model
from streaming.talk.tools import tools_schema
from streaming.webrtc.messages import TalkRole

NO_KEY = "none"  # or the client would send what OPENAI_API_KEY holds to any address
KINDS: dict[TalkRole, type[AIService]] = {
    "recognition": STTService,
    "language": LLMService,
    "speech": TTSService,
    "speech-to-speech": LLMService,
}


class AskedAgain(FrameProcessor):
    """Each request stands for itself: a key that was refused may be right by the next turn."""

    async def set_usable(self, is_usable: bool) -> None:
        if is_usable:
            await super().set_usable(is_usable)


class Recogniser(AskedAgain, OpenAISTTService):
    """Hears any language unless it is told one; its errors say what they are."""

    _settings: Any

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        asked: dict[str, Any] = {"model": self._settings.model}
        if self._settings.prompt:
            asked["prompt"] = self._settings.prompt
        if self._settings.language:
            asked["language"] = self._settings.language
        file = ("speech.wav", audio, "audio/wav")
        response = await self._client.audio.transcriptions.create(file=file, **asked)
        if text := response.text.strip():
            yield TranscriptionFrame(text, self._user_id, time_now_iso8601())


class Voice(AskedAgain, OpenAITTSService):
    """Speaks with voices that OpenAI does not know, too; its errors say what they are."""

    _settings: Any

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        try:
            async for frame in self._speech(text, context_id):
                yield frame
        except Exception as error:  # whatever its client has to say; with its cause
            yield ErrorFrame(error=_line(error), exception=error)

    async def _speech(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        asked = {
            name: value
            for name, value in (
                ("model", self._settings.model),
                ("voice", self._settings.voice),
                ("speed", self._settings.speed),
                ("instructions", self._settings.instructions),
            )
            if value
        }
        speech = self._client.audio.speech.with_streaming_response
        async with speech.create(input=text, response_format="pcm", **asked) as response:
            odd = b""
            async for piece in response.iter_bytes(self.chunk_size):
                sound = odd + piece
                whole = len(sound) // 2 * 2
                odd = sound[whole:]
                if whole:
                    yield TTSAudioRawFrame(
                        sound[:whole], self.sample_rate, 1, context_id=context_id
                    )


def make_service(
    role: TalkRole,
    part: Reached | ServiceClass,
    agent: AgentFile,
    can_do: Sequence[str] = GESTURES,
) -> FrameProcessor:
    """The service of one role. Raises AvatarError if there is none such, or no key for it."""
    match part:
        case ServiceClass():
            return _by_class(role, part)
        case Recognition():
            return _recogniser(part, agent)
        case Language():
            return _language_model(part, agent, can_do)
        case Speech():
            return _voice(part, agent)
        case SpeechToSpeech():
            return _speech_to_speech(part, agent)
    raise AssertionError(role)


def key_of(part: Reached) -> str:
    """The key for an address. Raises AvatarError if its variable is not set."""
    return variable(part.api_key_env) if part.api_key_env else NO_KEY


def _recogniser(part: Recognition, agent: AgentFile) -> Recogniser:
    settings = OpenAISTTService.Settings(
        model=part.model, prompt=part.prompt, language=_only_language(agent)
    )
    service = Recogniser(api_key=key_of(part), base_url=part.base_url, settings=settings)
    return _limited(service, agent)


def _language_model(part: Language, agent: AgentFile, can_do: Sequence[str]) -> OpenAILLMService:
    system = f"{agent.system}\n{prompt(can_do)}" if agent.gestures else agent.system
    settings = OpenAILLMService.Settings(model=part.model, system_instruction=system)
    if part.temperature is not None:
        settings.temperature = part.temperature
    if part.max_tokens is not None:
        settings.max_tokens = part.max_tokens
    service = OpenAILLMService(api_key=key_of(part), base_url=part.base_url, settings=settings)
    return _limited(service, agent)


def _voice(part: Speech, agent: AgentFile) -> Voice:
    settings = OpenAITTSService.Settings(
        model=part.model,
        voice=part.voice,
        speed=part.speed,
        instructions=part.instructions,
        language=_only_language(agent),
    )
    return _limited(Voice(api_key=key_of(part), base_url=part.base_url, settings=settings), agent)


def _speech_to_speech(part: SpeechToSpeech, agent: AgentFile) -> FrameProcessor:
    heard = {"model": part.transcription, "language": _only_language(agent)}
    return make_spoken_model(
        key_of(part),
        part.base_url,
        {"model": part.model, "system_instruction": agent.system},
        part.voice,
        {name: value for name, value in heard.items() if value},
        tools_schema(agent.tools) if agent.tools else None,
    )


def _only_language(agent: AgentFile) -> str | None:
    return agent.languages[0] if len(agent.languages) == 1 else None


def _limited(service: Any, agent: AgentFile) -> Any:
    """One try, with an end."""
    service._client = service._client.with_options(timeout=agent.limits.answer, max_retries=0)
    return service


def _by_class(role: TalkRole, part: ServiceClass) -> FrameProcessor:
    module, _, name = part.service.rpartition(".")
    try:
        kind = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise AvatarError(f"{role}: {part.service} cannot be had: {_line(error)}") from error
    if not isinstance(kind, type) or not issubclass(kind, KINDS[role]):
        raise AvatarError(f"{role}: {part.service} is no {KINDS[role].__name__} of pipecat")
    arguments = _from_environment(part.arguments)
    if isinstance(arguments.get("settings"), dict) and hasattr(kind, "Settings"):
        arguments["settings"] = _settings(role, part, kind.Settings, arguments["settings"])
    return _made(role, part, kind, arguments)


def _settings(role: TalkRole, part: ServiceClass, kind: Any, given: dict[str, Any]) -> Any:
    """Nested ones, too, are what the class wants them to be. Raises AvatarError."""
    settings = _made(role, part, kind.from_mapping, {"settings": given})
    if settings.extra:
        unknown = ", ".join(sorted(settings.extra))
        raise AvatarError(f"{role}: {part.service} has no such settings: {unknown}")
    return settings


def _made(role: TalkRole, part: ServiceClass, kind: Any, arguments: dict[str, Any]) -> Any:
    try:
        return kind(**arguments)
    except Exception as error:  # whatever somebody else's constructor has against it
        raise AvatarError(f"{role}: {part.service}: {_line(error)}") from error


def _from_environment(value: Any) -> Any:
    """`{env: VARIABLE}` anywhere in it becomes what that variable holds. Raises AvatarError."""
    if isinstance(value, dict):
        if set(value) == {"env"}:
            return variable(FromEnvironment.model_validate(value).env)
        return {name: _from_environment(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_from_environment(inner) for inner in value]
    return value


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
