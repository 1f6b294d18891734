"""A server whose conversation is a script: real signalling, and whatever a test wants said."""

import asyncio
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI

from streaming.core.config import ServeConfig
from streaming.render.client import RenderClient
from streaming.server import websockets
from streaming.server.app import create_app
from streaming.server.signalling import Signalling
from streaming.webrtc.messages import (
    FromPage,
    Message,
    Offer,
    TalkInterrupt,
    TalkMode,
    TalkOffer,
    TalkReady,
    TalkText,
)
from tests.streaming.support import live_server
from tests.streaming.support.live_server import serving_bars


class ScriptedTalk:
    """What a server says of its conversation, and what its latest page asked of it."""

    def __init__(self, offer: TalkOffer) -> None:
        self.offer = offer
        self.address = ""
        self.modes: list[str] = []
        self.typed: list[str] = []
        self.interruptions = 0
        self._page: tuple[Signalling, asyncio.AbstractEventLoop] | None = None

    def say(self, *messages: Message) -> None:
        """Send to the page that called last."""
        assert self._page, "no page has called"
        page, loop = self._page
        for message in messages:
            loop.call_soon_threadsafe(page._notify, message)

    def take(self, page: Signalling, message: FromPage) -> None:
        """Note what a page says; a call in Talk mode is ready at once."""
        match message:
            case Offer() | TalkMode():
                self._page = page, asyncio.get_running_loop()
                self.modes.append(message.mode)
                if message.mode == "talk":
                    self.say(self._ready())
            case TalkText():
                self.typed.append(message.text)
            case TalkInterrupt():
                self.interruptions += 1

    def _ready(self) -> TalkReady:
        kind, offer = self.offer.kind, self.offer
        return TalkReady(
            services=offer.services, languages=["en"], can_type=kind != "echo", stored=offer.stored
        )


@contextmanager
def serving_talk(folder: Path, offer: TalkOffer) -> Iterator[ScriptedTalk]:
    """Serve level bars that talk by a script."""
    script = ScriptedTalk(offer)

    class Scripted(Signalling):
        async def _handle(self, message: FromPage) -> None:
            if not isinstance(message, TalkMode | TalkText | TalkInterrupt):
                await super()._handle(message)
            script.take(self, message)

    def app_with_script(config: ServeConfig, worker: RenderClient) -> FastAPI:
        app = create_app(config, worker)
        app.add_api_route("/talk", lambda: script.offer, methods=["GET"])
        app.router.routes.insert(0, app.router.routes.pop())
        return app

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(websockets, "Signalling", Scripted)
        patch.setattr(live_server, "create_app", app_with_script)
        with serving_bars(folder) as server:
            script.address = server.address
            yield script
