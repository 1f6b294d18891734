"""uvicorn as this server needs it.

At its end calls are told, and given time, before anything is closed; those who connect and say
nothing are let go.
"""

import asyncio
import signal
from types import FrameType
from typing import TYPE_CHECKING, Protocol

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import socket

    from fastapi import FastAPI

HEAD_TIMEOUT_S = 10.0  # for the head of a request


class Drainable(Protocol):
    """All calls of a server."""

    async def drain(self, seconds: float) -> None:
        """Take no more, let those that run go on for at most `seconds`, and end them."""
        ...


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
        seconds = self._drain if sig == signal.SIGTERM and not self._leaving else 0.0
        self._leaving = asyncio.get_running_loop().create_task(self._drain_calls(sig, seconds))

    async def _drain_calls(self, sig: int, seconds: float) -> None:
        app: FastAPI = self.config.app  # type: ignore[assignment]
        calls: Drainable = app.state.server.sessions
        await calls.drain(seconds)
        super().handle_exit(sig, None)
        self.force_exit = False  # a second Ctrl-C must not cut off the farewells of the first


class PromptProtocol(H11Protocol):
    """Closes a connection whose request, the first or a later one, does not come whole in time."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._wait_for_head()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_TIMEOUT_S, self._close)

    def _stop_waiting(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
