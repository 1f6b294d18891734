"""`avatar token`: lets somebody in for a while."""

from pathlib import Path
from typing import Annotated, Literal

import typer

LONGEST = 24 * 60.0  # minutes
SHORTEST = 0.1


def token(
    speaker: Annotated[
        str, typer.Option(help="The only speaker it is good for, or '*' for all of them.")
    ] = "*",
    role: Annotated[
        Literal["talk", "view", "speak", "operate"],
        typer.Option(
            metavar="NAME",
            help="talk: make calls. view: look at a call that is running. speak: speak in one. "
            "operate: look into the server.",
        ),
    ] = "talk",
    minutes: Annotated[
        float, typer.Option(help=f"How long it is good for: {SHORTEST:g} to {LONGEST:g}.")
    ] = 15.0,
    session: Annotated[str, typer.Option(help="The only session it is good for.")] = "",
    token_secret_file: Annotated[
        str | None, typer.Option(help="The server's secret file; or $AVATAR_TOKEN_SECRET.")
    ] = None,
    address: Annotated[
        str, typer.Option(help="Of the server's page, to print a link to it instead.")
    ] = "",
    config: Annotated[
        Path | None, typer.Option(help="The server's YAML file, which names the secret file.")
    ] = None,
) -> None:
    """Make a token that lets somebody call a server, view a call, or speak in one.

    A token is good until it expires, for beginning calls and for coming back into them; a call
    that has begun goes on. Keep it as you would a key. Programs send it as `Authorization: Bearer
    TOKEN`; the page takes it from what follows # in its link, which no browser sends or logs.

    **Examples**

    - `openssl rand -hex 32 > token.secret; chmod 600 token.secret`
    - `avatar token --speaker anna --token-secret-file token.secret`
    - `avatar token --role view --session 4f6e0c1a2b3d4e5f --config serve.yaml`
    - `avatar token --config serve.yaml --address https://human.example.org/` - prints
      `https://human.example.org/#token=...`
    """
    import time

    from avatar.errors import AvatarError
    from avatar.speakers.folders import check_name
    from streaming.core.config import load_config
    from streaming.core.secret_files import TOKEN_SECRET, read_secret
    from streaming.security.tokens import ANY_SPEAKER, Grant, TokenSigner

    if not SHORTEST <= minutes <= LONGEST:
        raise AvatarError(f"--minutes {minutes:g}: give {SHORTEST:g} to {LONGEST:g}")
    settings = load_config(config, {"token_secret_file": token_secret_file})
    secret = read_secret(settings.token_secret_file, TOKEN_SECRET)
    if not secret:
        raise AvatarError(
            "the server's secret is needed: --token-secret-file, --config or $AVATAR_TOKEN_SECRET"
        )
    if speaker != ANY_SPEAKER:
        check_name(speaker)
    made = TokenSigner(secret).sign(Grant(speaker, role, time.time() + minutes * 60, session))
    typer.echo(f"{address}#token={made}" if address else made)
