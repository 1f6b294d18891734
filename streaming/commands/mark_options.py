"""The options of every command whose pictures leave: how they say that they are synthetic."""

from typing import Annotated

import typer

WatermarkOption = Annotated[
    str | None,
    typer.Option(help="The watermark that `avatar verify` finds: on or off. [default: on]"),
]
LabelOption = Annotated[
    str | None,
    typer.Option(
        help="The word for AI in a corner of the picture: on, or off with a --label-reason. "
        "[default: on]"
    ),
]
LabelReasonOption = Annotated[
    str | None, typer.Option(help="Why there is no label, and how people are told instead.")
]
LabelLanguageOption = Annotated[
    str | None, typer.Option(help="de, en, es, fr, it, nl or pt. [default: en]")
]
CertificateOption = Annotated[
    str | None,
    typer.Option(help="Sign films and recordings (C2PA): certificates, PEM, the signer's first."),
]
CertificateKeyOption = Annotated[str | None, typer.Option(help="Its private key, PEM.")]
TimestampUrlOption = Annotated[
    str | None, typer.Option(help="A time-stamp authority for signatures. [default: none]")
]
