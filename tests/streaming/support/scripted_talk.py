"""A server whose conversation is a script: real signalling, and whatever a test wants said."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streaming.media.call import Call
from streaming.server import app
from streaming.webrtc.messages import Message, TalkOffer, TalkReady
from tests.streaming.support.live_server import serving_bars


class ScriptedTalk:
    """In the place of a server's conversations: what its latest page is told, what it asked."""

    def __init__(self, offer: TalkOffer) -> None:
        self.offer = offer
        self.address = ""
        self.modes: list[str] = []
        self.typed: list[str] = []
        self.interruptions = 0
        self._page: tuple[Callable[[Message], None], asyncio.AbstractEventLoop] | None = None

    def say(self, *messages: Message) -> None:
        """Send to the page that called last."""
        assert self._page, "no page has called"
        notify, loop = self._page
        for message in messages:
            loop.call_soon_threadsafe(notify, message)

    def begin(self, _: Call, notify: Callable[[Message], None]) -> None:
        self.modes.append("talk")
        self._page = notify, asyncio.get_running_loop()
        can_type = self.offer.kind != "echo"
        services, stored = self.offer.services, self.offer.stored
        self.say(TalkReady(services=services, languages=["en"], can_type=can_type, stored=stored))

    async def end(self, _: Call) -> None:
        self.modes.append("mirror")

    def of(self, _: Call) -> "ScriptedTalk":
        return self

    async def type(self, text: str) -> None:
        self.typed.append(text)

    async def interrupt(self) -> None:
        self.interruptions += 1


@contextmanager
def serving_talk(folder: Path, offer: TalkOffer) -> Iterator[ScriptedTalk]:
    """Serve level bars that talk by a script."""
    script = ScriptedTalk(offer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "Talks", lambda *_: script)
        with serving_bars(folder) as server:
            script.address = server.address
            yield script
