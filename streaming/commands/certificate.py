"""`avatar certificate`: something to sign films with, for tests."""

from pathlib import Path
from typing import Annotated

import typer


def certificate(
    folder: Annotated[Path, typer.Argument(help="Where chain.pem, key.pem and anchor.pem go.")],
    name: Annotated[str, typer.Option(help="Whose it is.")] = "Test",
) -> None:
    """Make a self-signed certificate for signing films (C2PA), good for a year, for tests.

    Signatures made with it are valid, but trusted only by those who are given its anchor.pem; how
    to get one that others trust: docs/trust.md.

    **Examples**

    - `avatar certificate keys --name "Example Ltd"`
    - `avatar render demo --sound a.wav -o a.mp4 --certificate keys/chain.pem
      --certificate-key keys/key.pem`
    - `avatar verify a.mp4 --trust keys/anchor.pem`
    """
    from streaming.core.console import text_console
    from streaming.marks.certificate import ANCHOR, CHAIN, KEY, make_certificate

    make_certificate(folder, name)
    files = ", ".join(str(folder / file) for file in (CHAIN, KEY, ANCHOR))
    text_console(stderr=True).print(f"made {files}; keep {folder / KEY} to yourself")
