"""What a server and a rendering process say to each other, pickled, over a private socket."""

import math
from dataclasses import dataclass
from pathlib import Path

from avatar.gestures import ExpressionName, Gesture
from avatar.motion import Motion
from streaming.render.capacity import Capacity
from streaming.render.renderer import Chunk

Size = tuple[int, int]  # (width, height) in pixels


@dataclass(frozen=True)
class PrepareSpeaker:
    """Load a speaker; answered by `SpeakerPrepared` or `SpeakerFailed`."""

    speaker: str


@dataclass(frozen=True)
class JoinCaller:
    """A new caller of a speaker that is prepared, or one that goes on with another."""

    caller: int
    speaker: str
    memory: str
    "Name of the shared memory that its pictures go into."


@dataclass(frozen=True)
class LeaveCaller:
    """A caller's place is free."""

    caller: int


@dataclass(frozen=True)
class RenderChunk:
    """The sound beside video frame `number` of a caller."""

    caller: int
    number: int
    chunk: Chunk
    due: float = math.inf
    "Monotonic seconds, which are those of all processes: when its picture must be there."


@dataclass(frozen=True)
class StartGesture:
    """A caller's face is to make a gesture, from the next picture on."""

    caller: int
    gesture: Gesture


@dataclass(frozen=True)
class Ready:
    """The first word of a process that can render, and what it can do."""

    first: str
    previews: dict[str, Path]
    capacity: Capacity
    consents: dict[str, str]
    "Who agreed to be shown, and when, by speaker."
    pid: int
    lookahead: int
    "Frames of sound that the furthest hearing speaker hears ahead: every call's, as any may come."
    expressions: dict[str, tuple[ExpressionName, ...]]
    "What speakers show besides speaking, by name."


@dataclass(frozen=True)
class Refused:
    """The first and last word of a process that cannot render."""

    why: str


@dataclass(frozen=True)
class SpeakerPrepared:
    """Callers may join it."""

    speaker: str
    size: Size
    lookahead: int


@dataclass(frozen=True)
class SpeakerFailed:
    """A speaker could not be loaded."""

    speaker: str
    why: str


@dataclass(frozen=True)
class SpeakersRefused:
    """Who may not be shown from now on, by name: withdrawn, or consent has run out."""

    why: dict[str, str]


@dataclass(frozen=True)
class Drawn:
    """What became of one chunk."""

    caller: int
    frame: int
    "That the picture shows."
    memory: str
    "The shared memory that it is in; empty: there is no picture."
    motion: Motion | None = None
    given_up: bool = False
    "Whether it was not drawn, since its picture would have come too late."


@dataclass(frozen=True)
class RendererLoad:
    """How the renderer does; by itself for those who have no caller in its steps."""

    callers: int
    "Of all servers that use it."
    slowdown: float
    "How much longer steps take than was measured when it started."


@dataclass(frozen=True)
class Stepped:
    """One step of the renderer, for the callers of one server."""

    seconds: float
    drawn: list[Drawn]
    failed: bool
    load: RendererLoad


ToWorker = PrepareSpeaker | JoinCaller | LeaveCaller | RenderChunk | StartGesture
FromWorker = (
    Ready | Refused | SpeakerPrepared | SpeakerFailed | SpeakersRefused | RendererLoad | Stepped
)
