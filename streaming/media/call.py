"""A call as the server keeps it, whatever door it came through."""

import asyncio
from typing import Literal, Protocol

from streaming.media.avatar_stream import AvatarStream

EndCode = Literal["stopping", "withdrawn", "ended"]


class Call(Protocol):
    """Somebody who speaks with a face: what admission, viewers and the end of a server ask of it.

    A new kind of call is a class of its own; `SessionManager.open` is given what makes one.
    """

    viewers: int
    "How many only look at it; the session manager counts them."
    talking: bool
    "Whether somebody holds a conversation in it, which costs more."

    @property
    def id(self) -> str:
        """Unlike that of any other call."""
        ...

    @property
    def speaker(self) -> str:
        """Whose face it is now."""
        ...

    @property
    def avatar_stream(self) -> AvatarStream:
        """What viewers are shown."""
        ...

    @property
    def closed(self) -> asyncio.Event:
        """Set once everything that the call held is free."""
        ...

    def announce_end(self, seconds: float) -> None:
        """The server stops in so many seconds."""
        ...

    async def close(self, reason: str, code: EndCode = "ended") -> None:
        """Free everything; safe to call twice, at once too.

        reason: in words, for the caller, the log and the metrics.
        code: `stopping` if it is the server that stops, `withdrawn` if the speaker was.
        """
        ...
