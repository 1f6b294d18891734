"""The messages of the WebSockets `/ws` and `/view/ws`: JSON objects, told apart by their `type`.

The tables of docs/live.md are made from these models, and the page's scripts are tested against
them.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, model_validator

from avatar.gestures import LONGEST_S, SHORTEST_S, Gesture, GestureName
from streaming.media.call import EndCode

ErrorCode = Literal[
    "full", "stopping", "token", "too-many", "gone", "refused", "gesture", "malformed"
]
TalkModeName = Literal["talk", "mirror"]
TalkKind = Literal["echo", "reader", "agent"]
TalkRole = Literal["recognition", "language", "speech", "speech-to-speech", "echo", "reader"]
TalkStateName = Literal["listening", "heard-speech", "thinking", "speaking", "over"]
LONGEST_TEXT = 4000  # characters of one message that is typed


class Message(BaseModel):
    """Both directions; keys that nobody knows are passed over, so that either side may be newer."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    def as_text(self) -> str:
        """As it is sent; what is not known is left out."""
        return self.model_dump_json(exclude_none=True)


class Token(Message):
    """The first message; empty if there is none."""

    type: Literal["token"] = "token"
    token: str


class Offer(Message):
    """Begins the call; within it, one that restarts ICE goes on over another path"""

    type: Literal["offer"] = "offer"
    sdp: str
    speaker: str | None = None
    "of those that the token allows"
    mode: TalkModeName = "mirror"
    "`talk` where the server holds a conversation"
    motion: bool = False
    "send `motion`, where the server gives it (`--motion`)"


class Resume(Message):
    """Goes on with a call whose WebSocket broke."""

    type: Literal["resume"] = "resume"
    session_id: str
    key: str
    "`resume` of the answer"
    sdp: str
    "an offer that restarts ICE"


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


class GestureFields(BaseModel):
    """A gesture, as whoever asks for it describes it."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    name: GestureName
    strength: float = Field(default=1, ge=-1, le=1)
    "-1 to 1; less than 0: to the other side; of smile and brows 0 to 1"
    seconds: float | None = Field(default=None, ge=SHORTEST_S, le=LONGEST_S)
    "how long it takes, 0.3 to 10"

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if problem := self.gesture.problem:
            raise ValueError(problem)
        return self

    @property
    def gesture(self) -> Gesture:
        """As a face makes it."""
        return Gesture(self.name, self.strength, self.seconds or 0)


class MakeGesture(GestureFields, Message):
    """The face moves, from the next picture on; refused if it is none of its speaker's."""

    type: Literal["gesture"] = "gesture"


class TalkMode(Message):
    """Go over to the conversation, or back to the caller's own voice."""

    type: Literal["talk.mode"] = "talk.mode"
    mode: TalkModeName


class TalkText(Message):
    """Typed instead of spoken."""

    type: Literal["talk.text"] = "talk.text"
    text: str = Field(min_length=1, max_length=LONGEST_TEXT)


class TalkInterrupt(Message):
    """Be silent."""

    type: Literal["talk.interrupt"] = "talk.interrupt"


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
    signs_recordings: bool | None = None
    "whether `POST /recording` signs them"


class Answer(Message):
    """The call is there."""

    type: Literal["answer"] = "answer"
    sdp: str
    session_id: str | None = None
    delay_ms: float | None = None
    "from sound at the server to its picture leaving it"
    resume: str | None = None
    "secret; lets the page come back by another WebSocket"


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


class MotionFrame(Message):
    """What the face does in a frame, as numbers, some 100 ms before it is shown."""

    type: Literal["motion"] = "motion"
    frame: int
    position: int
    "of its first sample, 48 kHz: shown `delay_ms` after `epoch_ms` + `position` / 48"
    head: dict[str, float]
    "`yaw`, `pitch`, `roll` in degrees"
    visemes: dict[str, float]
    "probabilities"
    tracks: dict[str, float]
    "articulation, 0 to 1"
    blendShapes: dict[str, float]
    "by ARKit's names, 0 to 1; those that are not named are 0"


class SpeakerChanged(Message):
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
    """The call is over; `stopping`: the server stops; `withdrawn`: the speaker was, or consent."""

    type: Literal["bye"] = "bye"
    reason: str
    "in words"
    code: EndCode


class TalkService(BaseModel):
    """Where sound or text of a conversation goes to."""

    role: TalkRole
    address: str


class TalkOffer(BaseModel):
    """The conversation that a server holds: what `GET /talk` answers, or null."""

    kind: TalkKind
    services: list[TalkService]
    stored: bool
    "Whether the operator keeps transcripts."


class TalkReady(Message):
    """The conversation has begun: it listens."""

    type: Literal["talk.ready"] = "talk.ready"
    services: list[TalkService]
    "`role`, `address`: where sound and text go to"
    languages: list[str]
    greeting: str | None = None
    "is said first"
    can_type: bool
    stored: bool
    "whether the operator keeps a transcript"


class TalkState(Message):
    """What the digital human does."""

    type: Literal["talk.state"] = "talk.state"
    state: TalkStateName


class TalkHeard(Message):
    """What the person said or typed."""

    type: Literal["talk.heard"] = "talk.heard"
    id: int
    "the same for all of one turn; counted up"
    text: str
    "all of the turn so far"
    final: bool


class TalkSaid(Message):
    """What the digital human says, as it is heard."""

    type: Literal["talk.said"] = "talk.said"
    id: int
    "the same for all of one answer; counted up"
    text: str
    "all of the answer so far"
    final: bool
    interrupted: bool = False


class TalkError(Message):
    """The conversation met with trouble; the call goes on."""

    type: Literal["talk.error"] = "talk.error"
    message: str
    "in words"


FromPage = Annotated[
    Token
    | Offer
    | Resume
    | Candidate
    | ChooseSpeaker
    | Hold
    | Ping
    | Stop
    | MakeGesture
    | TalkMode
    | TalkText
    | TalkInterrupt,
    Field(discriminator="type"),
]
ToPage = Annotated[
    Hello
    | Answer
    | State
    | Stats
    | MotionFrame
    | SpeakerChanged
    | Pong
    | Error
    | Leaving
    | Bye
    | TalkReady
    | TalkState
    | TalkHeard
    | TalkSaid
    | TalkError,
    Field(discriminator="type"),
]
FromViewer = Annotated[Token | Offer, Field(discriminator="type")]

from_page: TypeAdapter[FromPage] = TypeAdapter(FromPage)
to_page: TypeAdapter[ToPage] = TypeAdapter(ToPage)
from_viewer: TypeAdapter[FromViewer] = TypeAdapter(FromViewer)
