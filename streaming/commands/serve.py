"""`avatar serve`: the live server and its page."""

import functools
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from streaming.config import ServeConfig
    from streaming.render_process import Ready
    from streaming.renderer import Speakers

HEARTBEAT = 1.0  # seconds between pings to a page
ANSWER_WAIT = 9.0  # seconds for each answer: when a line was cut for two, TCP tries again late
LAST_WORDS = 3  # seconds for calls to end when the server stops
CONNECTIONS = 400  # at once; the system gives a process 1024 files
MESSAGE_LIMIT = 64 * 1024  # bytes of one WebSocket message


def serve(
    speaker: Annotated[
        str | None,
        typer.Option(help="Speaker shown first: a name in trained_speakers, or a bundle's path."),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on. [default: 127.0.0.1, this machine only]"),
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. [default: 8080]")] = None,
    device: Annotated[
        str | None, typer.Option(help="Where pictures are made: auto, cpu, cuda. [default: auto]")
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            help="How: torch, compile, openvino (CPU) or tensorrt (CUDA); auto takes the quickest "
            "that is installed. [default: auto]"
        ),
    ] = None,
    max_sessions: Annotated[
        int | None,
        typer.Option(help="Calls at once; 0 lets the start-up measurement decide. [default: 0]"),
    ] = None,
    ice_server: Annotated[
        list[str] | None,
        typer.Option(
            help="stun:host:port, turn:host:port (with --turn-secret-file) or "
            "turn:user:password@host:port; repeat for several. "
            "[default: none, which is right on one machine or in one network]"
        ),
    ] = None,
    turn_secret_file: Annotated[
        str | None,
        typer.Option(help="File with coturn's static-auth-secret; or $AVATAR_TURN_SECRET."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="A web page from elsewhere that may call, like https://example.org."),
    ] = None,
    tls_cert: Annotated[
        str | None, typer.Option(help="Certificate (PEM): the server speaks https.")
    ] = None,
    tls_key: Annotated[str | None, typer.Option(help="Its key (PEM).")] = None,
    behind_proxy: Annotated[
        str | None,
        typer.Option(help="Address of a reverse proxy that speaks https for this server."),
    ] = None,
    token_secret_file: Annotated[
        str | None,
        typer.Option(
            help="File with the secret of tokens (see `avatar token`); or $AVATAR_TOKEN_SECRET. "
            "Callers need a token then. [default: none are needed on this machine]"
        ),
    ] = None,
    block_code: Annotated[
        bool | None,
        typer.Option(
            "--block-code",
            help="Burn frame numbers into the pictures, as `avatar bench --live` needs them.",
        ),
    ] = None,
    log_format: Annotated[
        str | None, typer.Option(help="text, or json for machines. [default: text]")
    ] = None,
    log_level: Annotated[
        str | None, typer.Option(help="debug, info, warning or error. [default: info]")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="YAML file with the same settings; flags overrule it."),
    ] = None,
) -> None:
    """Start the live server: open its page, talk, and the digital human talks with you.

    **Examples**

    - `avatar serve` - the default speaker, on this machine only, at http://127.0.0.1:8080
    - `avatar serve --speaker anna --port 9000`
    - `avatar serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem --token-secret-file
      token.secret` - for other machines, which need https and a token: see `avatar token`
    - `avatar serve --ice-server stun:stun.example.org:3478` - when callers sit behind a router

    At start the machine is measured: how long a picture takes sets the delay of every call (the
    look-ahead of 120 ms, 15 ms for the network and the measured time), and how many fit into
    a 25th of a second sets how many calls are admitted; the next one is told that it is full.

    **YAML** keys are those of the flags, with `ice_servers` and `allowed_origins` as lists, and
    `limits` on what one caller may take:

        speaker: demo
        port: 8080
        ice_servers: ["stun:stun.example.org:3478"]
        limits: {sessions_per_address: 4, idle_s: 900, total_s: 14400}

    **Addresses**: `/` the page, `/docs` the API, `/healthz` how it is, `POST /offer` calls without
    a WebSocket. Ctrl-C ends all calls and stops.
    """
    from streaming.config import load_config

    flags = {
        "speaker": speaker,
        "host": host,
        "port": port,
        "device": device,
        "backend": backend,
        "max_sessions": max_sessions,
        "ice_servers": tuple(ice_server) if ice_server else None,
        "allowed_origins": tuple(allow_origin) if allow_origin else None,
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "turn_secret_file": turn_secret_file,
        "behind_proxy": behind_proxy,
        "token_secret_file": token_secret_file,
        "log_format": log_format,
        "log_level": log_level,
        "block_code": block_code,
    }
    run(load_config(config, flags))


def run(config: "ServeConfig") -> None:
    """Serve until interrupted.

    Raises AvatarError if the speaker or the port cannot be had,
    or if the configuration would let strangers in unchecked.
    """
    from streaming import logs
    from streaming.config import make_ice_servers
    from streaming.door import Door
    from streaming.logs import LogSettings
    from streaming.render_worker import RenderWorker

    how = LogSettings(config.log_format, config.log_level)
    logs.set_up(how)
    Door(config)
    make_ice_servers(config)
    listener = _listen(config)
    find = functools.partial(find_speakers, config.speaker, config.device, config.backend)
    worker = RenderWorker(find, meanwhile=_import_server, logging_as=how)
    from streaming.server import create_app
    from streaming.web_server import WebServer

    class Server(WebServer):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            _announce(config, listener.getsockname()[1], worker.ready)

    settings = server_settings(config, create_app(config, worker))
    Server(settings, config.drain_s).run([listener])


def _import_server() -> None:
    """What takes half a second, while the rendering process loads its own."""
    import streaming.server
    import streaming.web_server  # noqa: F401


def server_settings(config: "ServeConfig", app: "FastAPI") -> "uvicorn.Config":
    """How uvicorn serves `app`: a page without a call is let go when it does not answer."""
    import uvicorn

    from streaming.http_protocol import PromptProtocol

    return uvicorn.Config(
        app,
        http=PromptProtocol,
        limit_concurrency=CONNECTIONS,
        proxy_headers=bool(config.behind_proxy),
        forwarded_allow_ips=config.behind_proxy,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=MESSAGE_LIMIT,
        ws_ping_interval=HEARTBEAT,
        ws_ping_timeout=ANSWER_WAIT,
        ws_per_message_deflate=False,
        ssl_certfile=config.tls_cert or None,
        ssl_keyfile=config.tls_key or None,
        timeout_graceful_shutdown=LAST_WORDS,
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


def find_speakers(wanted: str, device: str, backend: str = "auto") -> "Speakers":
    """Every speaker found, `wanted` (a name or a path) first. Runs in the rendering process."""
    from avatar.rendering.pipeline import Pipeline, step_together
    from avatar.rendering.speaker import list_speakers, load_speaker
    from streaming.renderer import Speakers

    first = load_speaker(wanted)
    found = {entry.name: entry for entry in list_speakers()} | {first.name: first}

    def load(name: str) -> Pipeline:
        speaker = first if name == first.name else load_speaker(found[name].folder)
        return Pipeline(speaker, device, backend=backend)

    previews = {name: entry.preview for name, entry in found.items()}
    return Speakers(first.name, previews, load, step_together)


def _announce(config: "ServeConfig", port: int, ready: "Ready") -> None:
    from streaming.performance import performance_delay

    capacity = ready.capacity
    console = Console(highlight=False)
    console.print(f"[bold]{ready.first}[/] is ready at [bold cyan]{config.address(port)}[/]")
    console.print(
        f"delay {performance_delay(capacity.budget) * 1000:.0f} ms, "
        f"{config.max_sessions or capacity.callers} calls at once, "
        f"{capacity.picture * 1000:.1f} ms a picture. Ctrl-C stops."
    )
