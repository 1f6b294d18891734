"""`avatar serve`: the live server and its page."""

from pathlib import Path
from typing import Annotated

import typer

from avatar.rendering.backends.registry import listed
from streaming.commands.mark_options import (
    CertificateKeyOption,
    CertificateOption,
    LabelLanguageOption,
    LabelOption,
    LabelReasonOption,
    TimestampUrlOption,
    WatermarkOption,
)


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
            help=f"How: {listed()}; auto takes the quickest that is installed. [default: auto]"
        ),
    ] = None,
    workers: Annotated[
        str | None,
        typer.Option(
            help="Processes that share the calls: auto, as many as the measured calls need, or N. "
            "[default: auto]"
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
    watermark: WatermarkOption = None,
    label: LabelOption = None,
    label_reason: LabelReasonOption = None,
    label_language: LabelLanguageOption = None,
    certificate: CertificateOption = None,
    certificate_key: CertificateKeyOption = None,
    timestamp_url: TimestampUrlOption = None,
    audit: Annotated[
        str | None,
        typer.Option(
            help="File that takes a line (JSON) for every call that begins and ends. "
            "[default: none is written]"
        ),
    ] = None,
    compat: Annotated[
        str | None,
        typer.Option(help="livetalking: answer to the addresses of LiveTalking too: docs/doors.md"),
    ] = None,
    talk: Annotated[
        str | None,
        typer.Option(
            help="What people talk with: echo, reader, or a file that names an agent's services: "
            "docs/talk.md. [default: they only see themselves speak]"
        ),
    ] = None,
    livekit_server: Annotated[
        list[str] | None,
        typer.Option(help="A LiveKit server whose rooms a face may join, like wss://example.org."),
    ] = None,
    motion: Annotated[
        bool | None,
        typer.Option(
            "--motion",
            help="Also give what the face does as data, to calls that ask for it: docs/motion.md",
        ),
    ] = None,
    as_filmed: Annotated[
        bool | None,
        typer.Option(
            "--as-filmed",
            help="Play the reference video as it was filmed; otherwise heads move by themselves: "
            "docs/face.md",
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
    - `avatar serve --talk echo` - it listens, and says back what you said; `--talk talk.yaml` with
      services that think and speak
    - `avatar serve --ice-server stun:stun.example.org:3478` - when callers sit behind a router

    At start the machine is measured: how long a picture takes sets the delay of every call (the
    look-ahead, 120 ms for two frames, 15 ms for the network and the measured time), and how many
    fit into a 25th of a second sets how many calls are admitted; the next one is told that it is
    full.

    **YAML** keys are those of the flags, with `ice_servers` and `allowed_origins` as lists, and
    `limits` on what one caller may take, and `marks` on what says that pictures are synthetic:

        speaker: demo
        port: 8080
        ice_servers: ["stun:stun.example.org:3478"]
        limits: {sessions_per_address: 4, idle_s: 900, total_s: 14400}
        marks: {label_language: de}

    **Addresses**: `/` the page, `/docs` the API, `/healthz` how it is, `POST /offer` calls without
    a WebSocket. Ctrl-C ends all calls and stops.
    """
    from streaming.core.config import load_config, parse_workers
    from streaming.core.mark_settings import parse_switch
    from streaming.workers.serve import run

    flags = {
        "speaker": speaker,
        "host": host,
        "port": port,
        "device": device,
        "backend": backend,
        "workers": parse_workers(workers),
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
        "motion": motion,
        "lively": False if as_filmed else None,
        "block_code": block_code,
        "marks": {
            "watermark": parse_switch(watermark, "--watermark"),
            "label": parse_switch(label, "--label"),
            "label_reason": label_reason,
            "label_language": label_language,
            "certificate": certificate,
            "certificate_key": certificate_key,
            "timestamp_url": timestamp_url,
        },
        "audit": audit,
        "compat": compat,
        "talk": talk,
        "livekit_servers": tuple(livekit_server) if livekit_server else None,
    }
    run(load_config(config, flags))
