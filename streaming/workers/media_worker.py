"""A process of its own for some of the calls: their connections, tracks and encoders.

It is the whole server behind a private socket, but for the renderer, which all workers share. What
the process before it wants to know and to have done comes over `control`, a line of JSON each.
"""

import asyncio
import json
import math
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import uvicorn

from streaming.core import logs
from streaming.core.config import ServeConfig
from streaming.core.logs import LogSettings
from streaming.render.client import SharedRenderClient
from streaming.server.app import create_app
from streaming.server.call_ledger import SharedLedger
from streaming.server.serve import server_settings
from streaming.server.session_manager import SessionManager
from streaming.server.uvicorn_server import WebServer
from streaming.workers.addresses import RENDERER
from streaming.workers.known_call import KnownCall


@dataclass(frozen=True)
class WorkerPlace:
    """One worker among those of a machine."""

    config: ServeConfig
    "Limits in it are those of all workers together."
    folder: Path
    "Private to the server: sockets and the ledger of calls."
    number: int
    workers: int
    "How many there are."

    @property
    def name(self) -> str:
        return f"worker{self.number}"

    @property
    def address(self) -> Path:
        """Where it serves."""
        return self.folder / f"{self.name}.sock"

    @property
    def renderer(self) -> str:
        """Where its renderer is."""
        return str(self.folder / RENDERER)


def run(place: WorkerPlace, control: socket.socket) -> None:
    """Serve until told to leave, or until the other end of `control` is gone."""
    for sig in (signal.SIGINT, signal.SIGTERM):  # they reach all processes; one says when
        signal.signal(sig, signal.SIG_IGN)
    logs.set_up(LogSettings(place.config.log_format, place.config.log_level))
    client = SharedRenderClient(place.renderer)
    client.share_calls(place.workers)
    app = create_app(place.config, client, SharedLedger(place.folder, place.name))
    settings = server_settings(place.config, app, behind="*")
    place.address.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(place.address))
    MediaServer(settings, control).run([door])


class MediaServer(WebServer):
    """Obeys another process instead of signals."""

    def __init__(self, settings: uvicorn.Config, control: socket.socket) -> None:
        super().__init__(settings, drain=0.0)
        self._control = control
        self._obeying: asyncio.Task[None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._obeying = asyncio.create_task(self._obey())

    async def _obey(self) -> None:
        reader, writer = await asyncio.open_connection(sock=self._control)
        writer.write(b'"ready"\n')
        leaving: list[asyncio.Task[None]] = []
        while line := await reader.readline():
            order = json.loads(line)
            if order == "calls":
                calls = [asdict(call) for call in self._calls()]
                writer.write(json.dumps(calls).encode() + b"\n")
            else:
                drain = self._drain_calls(signal.SIGTERM, float(order["drain"]))
                leaving.append(asyncio.create_task(drain))
        await self._drain_calls(signal.SIGTERM, 0.0)

    def _calls(self) -> list[KnownCall]:
        sessions: SessionManager = self.config.app.state.server.sessions  # type: ignore[union-attr]
        to_wall_time = time.time() - time.monotonic()
        past = [KnownCall(session, "", None) for session in sessions.past()]
        return past + [
            KnownCall(call.id, call.speaker, begun + to_wall_time if math.isfinite(begun) else None)
            for call in sessions.calls()
            for begun in [call.avatar_stream.begun]
        ]
