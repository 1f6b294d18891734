"""The live server from its settings to its end: door, rendering process, web server."""

import datetime
import functools
import logging
import socket
from datetime import UTC
from typing import TYPE_CHECKING

from rich.text import Text

from streaming.core.console import text_console

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from streaming.core.config import ServeConfig
    from streaming.render.messages import Ready
    from streaming.talk.plan import TalkPlan

log = logging.getLogger(__name__)

PING_INTERVAL_S = 1.0  # between pings to a page
PING_TIMEOUT_S = 9.0  # for each answer: when a line was cut for two, TCP tries again late
SHUTDOWN_TIMEOUT_S = 3  # for calls to end when the server stops
MAX_CONNECTIONS = 400  # at once; the system gives a process 1024 files
MAX_MESSAGE_BYTES = 64 * 1024  # of one WebSocket message


def run(config: "ServeConfig") -> None:
    """Serve until interrupted.

    Raises AvatarError if the speaker, the port, a certificate or the audit log cannot be had,
    or if the configuration would let strangers in unchecked.
    """
    from streaming.core import logs
    from streaming.core.config import make_ice_servers
    from streaming.core.logs import LogSettings
    from streaming.marks import provenance
    from streaming.render.client import RenderClient
    from streaming.render.find_speakers import find_speakers
    from streaming.security.access import AccessControl
    from streaming.server.audit_log import AuditLog
    from streaming.talk.plan import load_plan

    how = LogSettings(config.log_format, config.log_level)
    logs.set_up(how)
    config.marks.report()
    if config.marks.certificate:
        provenance.check_installed()
    AccessControl(config)
    AuditLog(config)
    plan = load_plan(config.talk)
    _look_at_certificate(config)
    make_ice_servers(config)
    listener = _listen(config)
    find = functools.partial(find_speakers, config.speaker, config.device, config.backend)
    worker = RenderClient(find, meanwhile=functools.partial(_import_server, plan), logging_as=how)
    from streaming.server.app import create_app
    from streaming.server.uvicorn_server import WebServer

    class Server(WebServer):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            _announce(config, listener.getsockname()[1], worker.ready)

    settings = server_settings(config, create_app(config, worker))
    Server(settings, config.drain_s).run([listener])


def _look_at_certificate(config: "ServeConfig") -> None:
    """Warn of what browsers would refuse. Raises AvatarError if it cannot be served at all."""
    if not config.tls_cert:
        return
    from streaming.security.certificate import read_certificate

    certificate, now = read_certificate(config.tls_cert, config.tls_key), datetime.datetime.now(UTC)
    for words in [*certificate.faults(now), *certificate.notes(now, config.host)]:
        log.warning("https: %s", words)


def _import_server(plan: "TalkPlan | None") -> None:
    """What takes a while, while the rendering process loads its own. Raises AvatarError."""
    from streaming.webrtc.aiortc_patches import private_names

    private_names.check()
    import streaming.server.app
    import streaming.server.uvicorn_server  # noqa: F401

    if plan:
        from streaming.talk.check import check_plan

        check_plan(plan)


def server_settings(config: "ServeConfig", app: "FastAPI") -> "uvicorn.Config":
    """How uvicorn serves `app`: a page without a call is let go when it does not answer."""
    import uvicorn

    from streaming.server.uvicorn_server import PromptProtocol

    return uvicorn.Config(
        app,
        http=PromptProtocol,
        limit_concurrency=MAX_CONNECTIONS,
        proxy_headers=bool(config.behind_proxy),
        forwarded_allow_ips=config.behind_proxy,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_ping_interval=PING_INTERVAL_S,
        ws_ping_timeout=PING_TIMEOUT_S,
        ws_per_message_deflate=False,
        ssl_certfile=config.tls_cert or None,
        ssl_keyfile=config.tls_key or None,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
        log_config=None,
    )


def _listen(config: "ServeConfig") -> socket.socket:
    from avatar.errors import AvatarError

    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family)
    except OSError as error:
        raise AvatarError(
            f"cannot listen on {config.host} port {config.port} ({error.strerror}); "
            "choose another with --port"
        ) from error


def _announce(config: "ServeConfig", port: int, ready: "Ready") -> None:
    from streaming.media.avatar_stream import stream_delay

    capacity = ready.capacity
    console = text_console()
    address = (config.address(port), "bold cyan")
    console.print(Text.assemble((ready.first, "bold"), " is ready at ", address))
    console.print(
        f"delay {stream_delay(capacity.budget) * 1000:.0f} ms, "
        f"{config.max_sessions or capacity.callers} calls at once, "
        f"{capacity.picture * 1000:.1f} ms a picture. Ctrl-C stops."
    )
