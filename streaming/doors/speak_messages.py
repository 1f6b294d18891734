"""What goes over the WebSocket `/speak`, in the shape of avatar APIs that take speech (LITE)."""

import base64
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter

from streaming.webrtc.messages import GestureFields, Token


def _from_base64(text: str) -> bytes:
    """Raises ValueError: pydantic's own decoder passes over letters that are none of base64's."""
    return base64.b64decode(text.encode("ascii"), validate=True)


class Speak(BaseModel):
    """More speech; a binary message is the same without an envelope."""

    type: Literal["agent.speak"]
    audio: Annotated[bytes, BeforeValidator(_from_base64, json_schema_input_type=str)]
    "PCM, 16-bit, mono, little endian, at the rate of the connection."
    generation: int | None = None
    "Speech of before an interruption is dropped."


class SpeakEnd(BaseModel):
    """The segment is whole."""

    type: Literal["agent.speak_end"]
    generation: int | None = None


class Interrupt(BaseModel):
    """Be silent at once, and forget what was not heard."""

    type: Literal["agent.interrupt"]


class SpeakGesture(GestureFields):
    """The head moves, from the next picture on."""

    type: Literal["agent.gesture"]


FromAgent = TypeAdapter[Speak | SpeakEnd | Interrupt | SpeakGesture | Token](
    Annotated[Speak | SpeakEnd | Interrupt | SpeakGesture | Token, Field(discriminator="type")]
)


class SessionReady(BaseModel):
    """Speech is taken from now on."""

    type: Literal["session.ready"] = "session.ready"
    session_id: str
    rate: int
    delay_ms: float
    "From a sound's being taken to its picture's leaving, at most."
    generation: int


class SpeakStarted(BaseModel):
    """A segment begins to be heard; segments are counted from 0."""

    type: Literal["agent.speak_started"] = "agent.speak_started"
    segment: int


class SpeakEnded(BaseModel):
    """A segment was heard, or is heard no more."""

    type: Literal["agent.speak_ended"] = "agent.speak_ended"
    segment: int
    position_ms: int
    "How much of it was heard."
    interrupted: bool


class Interrupted(BaseModel):
    """The number to send with speech from now on, for those who send it from several places."""

    type: Literal["agent.interrupted"] = "agent.interrupted"
    generation: int


class Problem(BaseModel):
    """What was refused, and what to do; the call goes on."""

    type: Literal["error"] = "error"
    code: Literal["refused", "malformed", "too-many", "abandoned", "ended"]
    message: str


ToAgent = SessionReady | SpeakStarted | SpeakEnded | Interrupted | Problem
