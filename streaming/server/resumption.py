"""Calls that outlive the WebSocket of their page, so that it may come back to its own.

A page that leaves says so. One whose WebSocket breaks without a word may be on its way to another
network: its call goes on, and whoever shows the key that came with the answer goes on with it.
"""

import secrets
from collections.abc import Callable
from weakref import WeakKeyDictionary

from avatar.errors import AvatarError
from streaming.webrtc.messages import Message
from streaming.webrtc.session import Session

KEY_BYTES = 32
NO_KEY = secrets.token_urlsafe(KEY_BYTES)  # what is compared with where there is no such call


class GoneError(AvatarError):
    """There is no such call to come back to."""


class PageLink:
    """The page of one call: who hears what the call says, until another WebSocket takes over."""

    def __init__(self, hear: Callable[[Message], None], leave: Callable[[], None]) -> None:
        """`hear` is told what the call says; `leave` is called when another takes over."""
        self.key = secrets.token_urlsafe(KEY_BYTES)
        "Lets its holder come back to the call; never written to a log."
        self.motion = False
        "Whether the page asked for the motion of the face."
        self._hear, self._leave = hear, leave

    def notify(self, message: Message) -> None:
        """Tell whoever listens now."""
        self._hear(message)

    def take_over(self, hear: Callable[[Message], None], leave: Callable[[], None]) -> None:
        """From now on `hear` is told; the WebSocket before is let go."""
        before = self._leave
        self._hear, self._leave = hear, leave
        before()


class Resumption:
    """The calls that pages may come back to; they are forgotten as they end."""

    def __init__(self) -> None:
        self._links: WeakKeyDictionary[Session, PageLink] = WeakKeyDictionary()

    def remember(self, call: Session, link: PageLink) -> None:
        """From now on whoever has the key may come back."""
        self._links[call] = link
        call.wait_for_return()

    def find(self, session_id: str, key: str) -> tuple[Session, PageLink]:
        """The call of this id. Raises GoneError if it is over, never was, or has another key."""
        found = next((one for one in self._links.items() if one[0].id == session_id), None)
        wanted = found[1].key if found else NO_KEY
        good = secrets.compare_digest(key.encode(errors="replace"), wanted.encode())
        if not found or not good or found[0].closed.is_set():
            raise GoneError("there is no such call to come back to; begin a new one")
        return found
