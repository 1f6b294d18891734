"""`avatar doctor`: why a call would not connect."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

STYLES = {"good": "green", "note": "yellow", "bad": "bold red"}


def doctor(
    config: Annotated[
        Path | None, typer.Option(help="The YAML file that `avatar serve` is given.")
    ] = None,
    ice_server: Annotated[
        list[str] | None, typer.Option(help="As for `avatar serve`; repeat for several.")
    ] = None,
    turn_secret_file: Annotated[
        str | None, typer.Option(help="File with coturn's static-auth-secret.")
    ] = None,
    speaker: Annotated[str | None, typer.Option(help="Speaker shown first.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda.")] = None,
    talk: Annotated[
        str | None, typer.Option(help="As for `avatar serve`: each of its services is tried.")
    ] = None,
) -> None:
    """Say in plain words what would keep calls from working on this machine.

    Looked at: address, https and tokens; whether UDP packets pass; every STUN and TURN server, by
    sending a packet through it; the renderer; every file of every speaker; devices for `avatar
    camera`; with `--talk`, whether each service answers and how fast. `bad` would keep calls from
    working, `note` is worth knowing. The exit code is 1 if anything is bad.

    **Examples**

    - `avatar doctor`
    - `avatar doctor --config serve.yaml`
    - `avatar doctor --talk talk.yaml`
    - `avatar doctor --ice-server turn:turn.example.org --turn-secret-file turn.secret`
    """
    from rich.text import Text

    from streaming.core.config import load_config, make_ice_servers
    from streaming.core.console import text_console
    from streaming.doctor.access_check import check_access
    from streaming.doctor.machine_check import check_machine
    from streaming.doctor.network_check import check_network
    from streaming.doctor.talk_check import check_talk

    flags = {
        "ice_servers": tuple(ice_server) if ice_server else None,
        "turn_secret_file": turn_secret_file,
        "speaker": speaker,
        "device": device,
        "talk": talk,
    }
    settings = load_config(config, flags)
    findings = check_access(settings)
    findings += asyncio.run(check_network(make_ice_servers(settings)))
    if settings.talk:
        findings += asyncio.run(check_talk(settings.talk))
    findings += check_machine(settings.speaker, settings.device)
    console = text_console()
    for finding in findings:
        verdict = (f"{finding.verdict:<4}", STYLES[finding.verdict])
        console.print(Text.assemble(verdict, "  ", (finding.what, "bold"), f": {finding.words}"))
    if any(finding.verdict == "bad" for finding in findings):
        raise typer.Exit(1)
