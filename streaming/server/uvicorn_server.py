"""The web server's end: calls are told, and given time, before anything is closed."""

import asyncio
import signal
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    import socket

    from fastapi import FastAPI

    from streaming.server.session_manager import SessionManager


class WebServer(uvicorn.Server):
    """On SIGTERM takes no more calls and waits for those that run; on Ctrl-C ends them at once.

    A second signal ends them at once too.
    """

    def __init__(self, config: uvicorn.Config, drain: float) -> None:
        """`drain`: seconds that calls may go on after SIGTERM."""
        super().__init__(config)
        self._drain = drain
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leaving: asyncio.Task[None] | None = None

    async def startup(self, sockets: "list[socket.socket] | None" = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by Python between two instructions: only hands over to the event loop."""
        if self._loop is None:
            super().handle_exit(sig, frame)
        else:
            self._loop.call_soon_threadsafe(self._leave, sig)

    def _leave(self, sig: int) -> None:
        timeouts = self._drain if sig == signal.SIGTERM and not self._leaving else 0.0
        self._leaving = asyncio.get_running_loop().create_task(self._say_goodbye(sig, timeouts))

    async def _say_goodbye(self, sig: int, timeouts: float) -> None:
        app: FastAPI = self.config.app  # type: ignore[assignment]
        sessions: SessionManager = app.state.server.sessions
        await sessions.drain(timeouts)
        super().handle_exit(sig, None)
        self.force_exit = False  # a second Ctrl-C must not cut off the farewells of the first
