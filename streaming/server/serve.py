"""What it takes to start the live server: its door, its certificate, its settings, its words."""

import datetime
import logging
import socket
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from rich.text import Text

from streaming.core.console import text_console

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

    from streaming.core.config import ServeConfig
    from streaming.render.messages import Ready
    from streaming.talk.plan import TalkPlan

log = logging.getLogger(__name__)

PING_INTERVAL_S = 1.0  # between pings to a page
PING_TIMEOUT_S = 9.0  # for each answer: when a line was cut for two, TCP tries again late
SHUTDOWN_TIMEOUT_S = 3  # for calls to end when the server stops
MAX_CONNECTIONS = 400  # at once; the system gives a process 1024 files
MAX_MESSAGE_BYTES = 64 * 1024  # of one WebSocket message


def look_at_certificate(config: "ServeConfig") -> None:
    """Warn of what browsers would refuse. Raises AvatarError if it cannot be served at all."""
    if not config.tls_cert:
        return
    from streaming.security.certificate import read_certificate

    certificate, now = read_certificate(config.tls_cert, config.tls_key), datetime.datetime.now(UTC)
    for words in [*certificate.faults(now), *certificate.notes(now, config.host)]:
        log.warning("https: %s", words)


def import_server(plan: "TalkPlan | None") -> None:
    """What takes a while, while the rendering process loads its own. Raises AvatarError."""
    from streaming.webrtc.aiortc_patches import private_names

    private_names.check()
    import streaming.server.app
    import streaming.server.uvicorn_server  # noqa: F401

    if plan:
        from streaming.talk.check import check_plan

        check_plan(plan)


def server_settings(config: "ServeConfig", app: "ASGIApp", behind: str = "") -> "uvicorn.Config":
    """How uvicorn serves `app`: a page without a call is let go when it does not answer.

    `behind`: address of the proxy before it; empty: that of the configuration.
    """
    import uvicorn

    from streaming.server.uvicorn_server import PromptProtocol

    return uvicorn.Config(
        app,
        http=PromptProtocol,
        limit_concurrency=MAX_CONNECTIONS,
        proxy_headers=bool(behind or config.behind_proxy),
        forwarded_allow_ips=behind or config.behind_proxy,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_ping_interval=PING_INTERVAL_S,
        ws_ping_timeout=PING_TIMEOUT_S,
        ws_per_message_deflate=False,
        ssl_certfile=None if behind else config.tls_cert or None,
        ssl_keyfile=None if behind else config.tls_key or None,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
        log_config=None,
    )


def listen(config: "ServeConfig") -> socket.socket:
    """The door. Raises AvatarError if it cannot be had."""
    from avatar.errors import AvatarError

    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family)
    except OSError as error:
        raise AvatarError(
            f"cannot listen on {config.host} port {config.port} ({error.strerror}); "
            "choose another with --port"
        ) from error


def announce(config: "ServeConfig", port: int, ready: "Ready") -> None:
    """Say that callers may come."""
    from streaming.media.avatar_stream import stream_delay

    capacity = ready.capacity
    console = text_console()
    address = (config.address(port), "bold cyan")
    console.print(Text.assemble((ready.first, "bold"), " is ready at ", address))
    delay = stream_delay(ready.lookahead, capacity.budget)
    console.print(
        f"delay {delay * 1000:.0f} ms, "
        f"{config.max_sessions or capacity.callers} calls at once, "
        f"{capacity.picture * 1000:.1f} ms a picture. Ctrl-C stops."
    )
    if (wanted := capacity.event_loops_wanted(config.max_sessions)) > capacity.event_loops:
        more = replace(capacity, event_loops=wanted).callers
        console.print(f"--workers auto would take {more} calls, in {wanted} processes.")
