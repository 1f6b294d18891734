"""The live server from its settings to its end: door, rendering process, workers, web server."""

import functools
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from avatar.errors import AvatarError
from streaming.server.serve import (
    announce,
    import_server,
    listen,
    look_at_certificate,
    server_settings,
)
from streaming.workers.addresses import RENDERER

LONGEST_ADDRESS = 100  # characters of a Unix socket's path; systems take 104 to 108

if TYPE_CHECKING:
    from fastapi import FastAPI

    from streaming.core.config import ServeConfig
    from streaming.render.client import RenderClient


def run(config: "ServeConfig") -> None:
    """Serve until interrupted.

    Raises AvatarError if the speaker, the port, a certificate or the audit log cannot be had,
    or if the configuration would let strangers in unchecked.
    """
    from streaming.core import logs, temporary_files
    from streaming.core.config import make_ice_servers
    from streaming.core.logs import LogSettings
    from streaming.marks.signing import Signing
    from streaming.render.client import RenderClient
    from streaming.render.find_speakers import find_speakers
    from streaming.security.access import AccessControl
    from streaming.server.audit_log import AuditLog
    from streaming.talk.plan import load_plan

    how = LogSettings(config.log_format, config.log_level)
    logs.set_up(how)
    config.marks.report()
    if signing := Signing.of(config.marks):
        signing.check()
    AccessControl(config)
    AuditLog(config)
    plan = load_plan(config.talk)
    look_at_certificate(config)
    make_ice_servers(config)
    listener = listen(config)
    temporary_files.prepare()
    find = functools.partial(
        find_speakers, config.speaker, config.device, config.backend, config.lively
    )
    with tempfile.TemporaryDirectory(prefix="avatar-") as folder:
        shared_at = _shared_at(config, Path(folder))
        renderer = RenderClient(find, functools.partial(import_server, plan), how, shared_at)
        workers = config.workers or _workers_wanted(config, renderer) if shared_at else 1
        _serve(config, renderer, listener, Path(folder), workers)


def _shared_at(config: "ServeConfig", folder: Path) -> str:
    """Where workers reach the renderer; empty if there is to be one alone, or can be no more.

    Raises AvatarError if there can be no more, but should.
    """
    if config.workers == 1:
        return ""
    address = str(folder / RENDERER)
    if sys.platform != "win32" and len(address) <= LONGEST_ADDRESS:
        return address
    if config.workers:
        raise AvatarError(
            f"{config.workers} workers need Unix sockets, which {sys.platform} lacks, or whose "
            f"paths in {folder.parent} are too long (TMPDIR); leave --workers out"
        )
    return ""


def _workers_wanted(config: "ServeConfig", renderer: "RenderClient") -> int:
    return renderer.ready.capacity.event_loops_wanted(config.max_sessions)


def _serve(
    config: "ServeConfig",
    renderer: "RenderClient",
    listener: socket.socket,
    folder: Path,
    workers: int,
) -> None:
    from streaming.server.uvicorn_server import WebServer

    renderer.share_calls(workers)

    class Server(WebServer):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            announce(config, listener.getsockname()[1], renderer.ready)

    app = _application(config, renderer, folder, workers)
    Server(server_settings(config, app), config.drain_s).run([listener])


def _application(
    config: "ServeConfig", renderer: "RenderClient", folder: Path, workers: int
) -> "FastAPI":
    if workers == 1:
        from streaming.server.app import create_app

        return create_app(config, renderer)
    from streaming.workers.front import create_front
    from streaming.workers.media_worker import WorkerPlace
    from streaming.workers.worker_pool import WorkerPool

    places = [WorkerPlace(config, folder, number, workers) for number in range(workers)]
    return create_front(config, renderer, WorkerPool(places))
