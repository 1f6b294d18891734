"""python -m avatar.training.preprocess VIDEO... --out DIR"""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from avatar.errors import AvatarError
from avatar.training.preprocess.preprocess import preprocess, track_with
from avatar.training.preprocess.tracked_video import TrackedVideo


def main(
    videos: Annotated[list[Path], typer.Argument(help="Videos of one speaker.")],
    out: Annotated[Path, typer.Option(help="Folder for the tracked video.")],
    like: Annotated[
        Path | None, typer.Option(help="Tracked video whose canonical space is used.")
    ] = None,
) -> None:
    """Track the head of a speaker in one or several videos."""
    columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()
    with Bars(*columns, TimeRemainingColumn()) as bars:
        tasks: dict[str, int] = {}

        def show(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(phase, total=total)
            bars.update(tasks[phase], completed=done, total=total)  # type: ignore[arg-type]

        try:
            if like is None:
                preprocess(videos, out, show)
            else:
                track_with(TrackedVideo.load(like), videos, out, show)
        except AvatarError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from None


typer.run(main)
