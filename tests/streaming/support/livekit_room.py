"""A room of LiveKit in memory: who is in it, byte streams and RPCs between them, no media.

Stands in for `rtc.Room` and its server. Tracks that are published are real ones of LiveKit's own
library, which can be read back in the same process.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import jwt
from livekit import rtc

Handler = Callable[[Any], Any]


class Stream:
    """Both ends of a byte stream."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.info = SimpleNamespace(attributes=attributes, stream_id=name)
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def write(self, piece: bytes) -> None:
        self._pieces.put_nowait(piece)

    async def aclose(self) -> None:
        self._pieces.put_nowait(None)

    async def __anext__(self) -> bytes:
        piece = await self._pieces.get()
        if piece is None:
            raise StopAsyncIteration
        return piece


@dataclass
class Publication:
    """A track, which somebody looks at from the start."""

    track: Any

    @property
    def kind(self) -> Any:
        return self.track.kind

    async def wait_for_subscription(self) -> None:
        """At once."""


@dataclass(eq=False)
class Member:
    """A participant, as itself and as the others see it."""

    room: "MemoryRoom"
    identity: str
    kind: Any = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
    state: Any = rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE
    attributes: dict[str, str] = field(default_factory=dict)
    track_publications: dict[str, Publication] = field(default_factory=dict)
    _rpc_handlers: dict[str, Handler] = field(default_factory=dict)

    def register_rpc_method(self, method: str, handler: Handler) -> None:
        self._rpc_handlers[method] = handler

    async def perform_rpc(self, *, destination_identity: str, method: str, payload: str) -> str:
        handler = self.room.server.member(destination_identity)._rpc_handlers[method]
        called = SimpleNamespace(caller_identity=self.identity, payload=payload)
        return str(handler(called))

    async def stream_bytes(
        self,
        name: str,
        *,
        topic: str,
        destination_identities: list[str],
        attributes: dict[str, str],
    ) -> Stream:
        stream = Stream(name, attributes)
        for identity in destination_identities:
            receiver = self.room.server.member(identity).room
            receiver.streams[topic](stream, self.identity)
        return stream

    async def publish_track(self, track: Any, _options: Any) -> Publication:
        publication = self.track_publications[track.name] = Publication(track)
        for other in self.room.others():
            other.room.emit("track_published", publication, self)
        return publication


class MemoryRoom(rtc.EventEmitter[str]):
    """One participant's view; `connect` with a token makes it a member."""

    def __init__(self, server: "RoomServer") -> None:
        super().__init__()
        self.server = server
        self.name = "lesson"
        self.streams: dict[str, Handler] = {}
        self.local_participant = Member(self, "")

    def isconnected(self) -> bool:
        return self.local_participant in self.server.members

    @property
    def remote_participants(self) -> dict[str, Member]:
        return {one.identity: one for one in self.others()}

    def others(self) -> list[Member]:
        return [one for one in self.server.members if one.room is not self]

    def register_byte_stream_handler(self, topic: str, handler: Handler) -> None:
        self.streams[topic] = handler

    async def connect(self, url: str, token: str) -> None:
        if url != self.server.url:
            raise rtc.ConnectError(f"nobody is at {url}")
        claims = jwt.decode(token, options={"verify_signature": False})
        self.enter(claims["sub"], claims["attributes"])

    def enter(self, identity: str, attributes: dict[str, str]) -> None:
        self.local_participant.identity = identity
        self.local_participant.attributes = attributes
        self.server.members.append(self.local_participant)
        for other in self.others():
            other.room.emit("participant_active", self.local_participant)

    async def disconnect(self) -> None:
        if self.isconnected():
            self.server.members.remove(self.local_participant)
            for other in self.others():
                other.room.emit("participant_disconnected", self.local_participant)


@dataclass
class RoomServer:
    """Where rooms are; it has one."""

    url: str
    members: list[Member] = field(default_factory=list)

    def room(self) -> MemoryRoom:
        return MemoryRoom(self)

    def member(self, identity: str) -> Member:
        return next(one for one in self.members if one.identity == identity)
