"""talk.yaml: which services an agent hears, thinks and speaks with."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)

from avatar.errors import AvatarError
from avatar.yaml_files import YamlError, parse_yaml
from streaming.webrtc.messages import TalkRole

SECRET_NAMES = re.compile(r"(?i)(api[-_]?key|secret|password|token|authorization|credentials?)$")
SECRET_VALUES = re.compile(r"^(sk-|sk_|gsk_|AIza|xai-|hf_|ghp_|r8_|Bearer\s)")
VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
CLASS = re.compile(r"^[A-Za-z_][\w.]*\.[A-Za-z_]\w*$")
LANGUAGE = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")
LONGEST_SAID = 80  # characters of a wrong value that a message shows


class Part(BaseModel):
    """Of the file: nothing that is not known, nothing that changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _address(text: str) -> str:
    if urlsplit(text).scheme not in ("http", "https", "ws", "wss") or not urlsplit(text).hostname:
        raise ValueError("give an address such as http://127.0.0.1:11434/v1")
    if urlsplit(text).password or urlsplit(text).query:
        raise ValueError("give the address without a password or a query")
    return text.rstrip("/")


def _variable(text: object) -> object:
    if not isinstance(text, str) or not VARIABLE.match(text) or SECRET_VALUES.match(text):
        raise ValueError("give the name of an environment variable, not the key itself")
    return text


def _class_name(text: str) -> str:
    if not CLASS.match(text):
        raise ValueError("name a class with its module, such as package.module.Class")
    return text


def _language(text: str) -> str:
    if not LANGUAGE.match(text):
        raise ValueError("give codes of languages, such as en or de")
    return text


def _web_address(text: str) -> str:
    if urlsplit(text).scheme not in ("http", "https"):
        raise ValueError("give an address such as https://example.org/weather")
    return _address(text)


Address = Annotated[str, AfterValidator(_address)]
Variable = Annotated[str, BeforeValidator(_variable)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]


class Reached(Part):
    """A service at an address that speaks OpenAI's protocol."""

    base_url: Address
    model: str = Field(min_length=1)
    api_key_env: Variable | None = None
    "The environment variable that holds the key; servers of one's own mostly need none."


class Recognition(Reached):
    """Speech to text."""

    prompt: str | None = None


class Language(Reached):
    """The language model."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1)


class Speech(Reached):
    """Text to speech; its sound is 16-bit PCM of 24 kHz, mono."""

    voice: str = Field(min_length=1)
    speed: float | None = Field(default=None, ge=0.25, le=4)
    instructions: str | None = None


class SpeechToSpeech(Reached):
    """A model that hears and speaks, by OpenAI's realtime protocol."""

    voice: str | None = None
    transcription: str | None = None
    "The model that writes down what is heard; without it the one that pipecat asks for."


class FromEnvironment(Part):
    """A value that is read from the environment when it is needed."""

    env: Variable


class ServiceClass(Part):
    """Any service of pipecat, by the name of its class."""

    service: Annotated[str, AfterValidator(_class_name)]
    arguments: dict[str, Any] = {}
    "Of its constructor; keys as `{env: VARIABLE}`."


def _form(value: object) -> str:
    named = isinstance(value, ServiceClass) or (isinstance(value, dict) and "service" in value)
    return "class" if named else "address"


P = TypeVar("P")
_At = Annotated[P, Tag("address")]
_ByClass = Annotated[ServiceClass, Tag("class")]
_BY_FORM = Discriminator(_form)


class Tool(Part):
    """A function that the language model may call: its arguments are sent to an address."""

    name: str = Field(pattern=r"^[A-Za-z_]\w{0,63}$")
    description: str = Field(min_length=1)
    parameters: dict[str, Any] = {}
    "Properties, as JSON Schema."
    required: list[str] = []
    url: Annotated[str, AfterValidator(_web_address)]
    "Takes the arguments as JSON (POST); what it answers goes to the model."
    api_key_env: Variable | None = None
    "Sent as `Authorization: Bearer`."
    timeout: Seconds = 10.0

    @model_validator(mode="after")
    def _check(self) -> "Tool":
        if missing := sorted(set(self.required) - set(self.parameters)):
            raise ValueError(f"the required {missing[0]!r} is not one of its parameters")
        return self


class TalkLimits(Part):
    """How much one conversation may take."""

    seconds: Seconds = 3600.0
    turns: int = Field(default=500, ge=1)
    "Of the person, spoken or typed."
    characters: int = Field(default=50_000, ge=1)
    "That are spoken in all."
    tokens: int = Field(default=1_000_000, ge=1)
    "That the model says it has read and written in all."
    answer: Seconds = 20.0
    "Until an answer must have begun."


class AgentFile(Part):
    """The whole of talk.yaml."""

    recognition: Annotated[_At[Recognition] | _ByClass, _BY_FORM] | None = None
    language: Annotated[_At[Language] | _ByClass, _BY_FORM] | None = None
    speech: Annotated[_At[Speech] | _ByClass, _BY_FORM] | None = None
    speech_to_speech: Annotated[_At[SpeechToSpeech] | _ByClass, _BY_FORM] | None = None
    system: str = "You are in a video call. Answer in short spoken sentences, without lists."
    gestures: bool = True
    "Whether the language model is told by which tags the head moves."
    greeting: str = ""
    languages: list[Annotated[str, AfterValidator(_language)]] = []
    "That people will speak; of one, recognition is told."
    tools: list[Tool] = []
    limits: TalkLimits = TalkLimits()
    patience: Seconds = 2.0
    "Seconds of silence that end any turn."
    transcripts: str = ""
    "A folder for what was said; without it, nothing of a conversation is kept."

    @model_validator(mode="after")
    def _check(self) -> "AgentFile":
        chain = {"recognition": self.recognition, "language": self.language, "speech": self.speech}
        given = [name for name, part in chain.items() if part]
        if self.speech_to_speech and given:
            raise ValueError(f"speech_to_speech stands in place of {given[0]}; give one of them")
        if not self.speech_to_speech and len(given) < len(chain):
            missing = next(name for name, part in chain.items() if not part)
            raise ValueError(f"{missing} is missing; or give speech_to_speech")
        names = [tool.name for tool in self.tools]
        if len(set(names)) < len(names):
            raise ValueError("two tools have the same name")
        return self

    def parts(self) -> Iterator[tuple[TalkRole, Reached | ServiceClass]]:
        """What was given, with its role."""
        roles: tuple[tuple[TalkRole, Reached | ServiceClass | None], ...] = (
            ("recognition", self.recognition),
            ("language", self.language),
            ("speech", self.speech),
            ("speech-to-speech", self.speech_to_speech),
        )
        for role, part in roles:
            if part:
                yield role, part

    def addresses(self) -> Iterator[tuple[TalkRole, str]]:
        """Where sound and text go to, for people."""
        for role, part in self.parts():
            at = part.service if isinstance(part, ServiceClass) else host(part.base_url)
            yield role, at


def host(address: str) -> str:
    """The part of an address that says whose it is."""
    return urlsplit(address).netloc


def load_agent(file: Path) -> AgentFile:
    """Read talk.yaml. Raises AvatarError with one line that says what is wrong."""
    try:
        values = parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YamlError) as error:
        raise AvatarError(f"{file} cannot be read as YAML: {error}") from error
    if not isinstance(values, dict):
        raise AvatarError(f"{file} must hold settings; docs/talk.md has an example")
    _refuse_secrets(values, str(file))
    try:
        return AgentFile.model_validate(values)
    except ValidationError as error:
        _refuse(error, file)


def _refuse(error: ValidationError, file: Path) -> NoReturn:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(step) for step in first["loc"] if step not in ("address", "class"))
    words = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        words = "there is no such setting"
    raise AvatarError(f"{file}: {where + ': ' if where else ''}{words}") from None


def _refuse_secrets(value: Any, where: str) -> None:
    """Keys come from the environment. Raises AvatarError, without the key in it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str) and SECRET_NAMES.search(str(name)):
                raise AvatarError(
                    f"{where}: {name} must not stand in the file; put it into an environment "
                    "variable and give that one's name: api_key_env, or {env: VARIABLE}"
                )
            _refuse_secrets(inner, f"{where}: {name}")
    elif isinstance(value, list):
        for inner in value:
            _refuse_secrets(inner, where)
    elif isinstance(value, str) and SECRET_VALUES.match(value):
        raise AvatarError(f"{where}: this looks like a key; keys come from the environment")
