"""The messages of the WebSockets `/ws` and `/view/ws`: JSON objects, told apart by their `type`.

The tables of docs/live.md are made from these models, and the page's scripts are tested against
them.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

ErrorCode = Literal["full", "stopping", "token", "too-many", "refused", "malformed"]
EndCode = Literal["stopping", "ended"]


class Message(BaseModel):
    """Both directions; keys that nobody knows are passed over, so that either side may be newer."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    def text(self) -> str:
        """As it is sent; what is not known is left out."""
        return self.model_dump_json(exclude_none=True)


class Token(Message):
    """The first message; empty if there is none."""

    type: Literal["token"] = "token"
    token: str


class Offer(Message):
    """Begins the call."""

    type: Literal["offer"] = "offer"
    sdp: str
    speaker: str | None = None
    "of those that the token allows"


class Candidate(Message):
    """Once the answer has come."""

    type: Literal["candidate"] = "candidate"
    candidate: str
    '"" ends them'
    sdpMid: str | None = None
    sdpMLineIndex: int | None = None


class ChooseSpeaker(Message):
    """Go on with another speaker."""

    type: Literal["speaker"] = "speaker"
    name: str


class Hold(Message):
    """The browser need not hold pictures back longer."""

    type: Literal["hold"] = "hold"
    ms: float = Field(ge=0, allow_inf_nan=False)
    "0: as long as it likes"


class Ping(Message):
    """Compares the clocks."""

    type: Literal["ping"] = "ping"
    t: JsonValue = None
    "comes back as it is"


class Stop(Message):
    """Ends the call."""

    type: Literal["stop"] = "stop"


class LabelWords(BaseModel):
    """What tells people that the face is synthetic."""

    word: str
    sentence: str
    language: str


class Hello(Message):
    """The server listens; at `/view/ws`, there is a call to look at."""

    type: Literal["hello"] = "hello"
    ice_servers: list[dict[str, str]]
    "as `RTCPeerConnection` takes them"
    speaker: str | None = None
    "shown to those who name none"
    label: LabelWords | None = None
    "what to show over the face; none if the settings say so"


class Answer(Message):
    """The call is there."""

    type: Literal["answer"] = "answer"
    sdp: str
    session_id: str | None = None
    delay_ms: float | None = None
    "from sound at the server to its picture leaving it"


class State(Message):
    """Of the connection, as the server sees it."""

    type: Literal["state"] = "state"
    state: str
    "`new`, `connecting`, `connected`, `failed` or `closed`"


class Stats(Message):
    """Every second."""

    type: Literal["stats"] = "stats"
    delay_ms: float
    frames: int
    late: int
    "repeated or skipped so far"
    concealed_ms: int
    "sound made up so far"
    renderer_failing: bool
    epoch_ms: float
    "when sound position 0 was due, on the server's clock"
    now_ms: float
    "on the server's clock"
    video_origin: int | None
    "RTP time of position 0"
    voice_origin: int | None
    "RTP time of position 0"


class Speaker(Message):
    """Who is shown from now on."""

    type: Literal["speaker"] = "speaker"
    name: str


class Pong(Message):
    """Answers `ping`."""

    type: Literal["pong"] = "pong"
    t: JsonValue = None
    now_ms: float
    "on the server's clock"


class Error(Message):
    """Something was refused."""

    type: Literal["error"] = "error"
    code: ErrorCode
    message: str
    "in words"
    retry_after: int | None = None
    "seconds, with `full` and `stopping`"


class Leaving(Message):
    """The server stops and will end the call."""

    type: Literal["leaving"] = "leaving"
    seconds: float
    "until then"


class Bye(Message):
    """The call is over; `stopping`: because the server stops."""

    type: Literal["bye"] = "bye"
    reason: str
    "in words"
    code: EndCode


FromPage = Annotated[
    Token | Offer | Candidate | ChooseSpeaker | Hold | Ping | Stop, Field(discriminator="type")
]
ToPage = Annotated[
    Hello | Answer | State | Stats | Speaker | Pong | Error | Leaving | Bye,
    Field(discriminator="type"),
]
FromViewer = Annotated[Token | Offer, Field(discriminator="type")]

from_page: TypeAdapter[FromPage] = TypeAdapter(FromPage)
to_page: TypeAdapter[ToPage] = TypeAdapter(ToPage)
from_viewer: TypeAdapter[FromViewer] = TypeAdapter(FromViewer)
