"""The one command, `avatar`."""

import os
import sys

import typer
from rich.text import Text

from avatar.errors import AvatarError
from streaming.commands.bench import bench
from streaming.commands.camera import camera
from streaming.commands.certificate import certificate
from streaming.commands.doctor import doctor
from streaming.commands.evaluate import evaluate
from streaming.commands.help import Command
from streaming.commands.render import render
from streaming.commands.serve import serve
from streaming.commands.soak import soak
from streaming.commands.speakers import speakers
from streaming.commands.token import token
from streaming.commands.train import train
from streaming.commands.train_encoder import train_encoder
from streaming.commands.train_reader import train_reader
from streaming.commands.train_sync import train_sync
from streaming.commands.verify import verify
from streaming.core.console import text_console

app = typer.Typer(
    name="avatar",
    help="Train, judge, render and stream digital humans driven by a voice.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

for command in (
    serve, token, doctor, camera, bench, soak, train, evaluate, render, verify, certificate,
):  # fmt: skip
    app.command(cls=Command)(command)
app.add_typer(speakers, name="speakers")
app.command(cls=Command)(train_encoder)
app.command(cls=Command)(train_reader)
app.command(cls=Command)(train_sync)


def main() -> None:
    """Run `avatar`; a mistake of the user ends in one line and exit code 2."""
    try:
        app()
    except AvatarError as error:
        text_console(stderr=True).print(Text.assemble(("error:", "bold red"), f" {error}"))
        sys.exit(2)
    except KeyboardInterrupt:
        text_console(stderr=True).print("stopped")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
