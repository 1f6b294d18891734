"""`avatar speakers`: the speakers on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streaming.commands.help import Command

if TYPE_CHECKING:
    from avatar.speakers.card import SpeakerCard

speakers = typer.Typer(
    help="List, show, verify, install, upgrade and remove speakers.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Name = Annotated[str, typer.Argument(help="A speaker's name or the folder of its bundle.")]


@speakers.command("list", cls=Command)
def list_all() -> None:
    """List all speakers that can be found, and where they are.

    Looked through, in this order: the folders in $AVATAR_SPEAKERS, `trained_speakers` in the
    working folder, and the speakers that came with the package.
    """
    from rich.table import Table

    from avatar.errors import AvatarError
    from avatar.speakers.card import read_card
    from avatar.speakers.consent import refusal
    from avatar.speakers.folders import speaker_folders
    from streaming.commands.tables import print_tables, table_console

    table = Table("name", "size", "preset", "licence", "folder")
    for name, folder in speaker_folders().items():
        try:
            card = read_card(folder)
        except AvatarError as error:
            table.add_row(name, "broken", "", "", str(error))
            continue
        if why := refusal(folder, card):
            table.add_row(name, "not shown", "", "", why)
            continue
        width, height = card.size
        table.add_row(name, f"{width}x{height}", card.model.preset, card.licence, str(folder))
    print_tables(table_console(), table)


@speakers.command(cls=Command)
def show(name: Name) -> None:
    """Show what a speaker's bundle says about itself."""
    from rich.text import Text

    from avatar.speakers.card import read_card
    from avatar.speakers.consent import refusal
    from avatar.speakers.folders import speaker_folder
    from streaming.core.console import text_console

    folder = speaker_folder(name)
    console = text_console()
    card = read_card(folder)
    facts = _facts(card) | {"folder": str(folder)}
    if why := refusal(folder, card):
        facts["not shown"] = why
    for key, value in facts.items():
        console.print(Text.assemble((f"{key:<12}", "bold"), value))


@speakers.command(cls=Command)
def verify(name: Name) -> None:
    """Check every file of a bundle: names, sizes, hashes, types, dimensions, the video."""
    from avatar.speakers.speaker import load_speaker
    from streaming.core.console import text_console

    speaker = load_speaker(name)
    frames = sum(1 for _ in speaker.reference())
    text_console().print(
        f"{speaker.name} is whole: {len(speaker.card.files)} files, {frames} frames"
    )


@speakers.command(cls=Command)
def install(
    archive: Annotated[Path, typer.Argument(help="A zip file with the files of one bundle.")],
    into: Annotated[
        Path | None,
        typer.Option(help="Folder that holds speakers. [default: the first that `list` looks in]"),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put a speaker of the same name aside.")
    ] = False,
) -> None:
    """Install a speaker from a zip file.

    Everything is checked before it is kept: names, sizes, hashes, types, dimensions, the video.
    Nothing in a speaker is executed. An archive with links, other files, paths that lead elsewhere,
    or with more in it than it says is refused.
    """
    from rich.text import Text

    from avatar.rendering.install_speaker import install_speaker
    from streaming.core.console import text_console

    speaker = install_speaker(archive, into, replace)
    console = text_console()
    console.print(Text.assemble((speaker.name, "bold"), f" is in {speaker.folder}"))
    facts = _facts(speaker.card)
    for key in ("licence", "consent", "for", "until"):
        console.print(f"{key}: {facts[key]}")


@speakers.command(cls=Command)
def upgrade(name: Name) -> None:
    """Find how a speaker blinks in its own reference video, and keep that in its bundle.

    For speakers trained by versions that did not look for it; needs what training needs. The other
    files stay as they are.
    """
    from avatar.errors import AvatarError
    from avatar.speakers.speaker import load_speaker
    from avatar.training.preprocess.landmark_tracker import MediaPipeFaceMesh, need_face_tracker
    from avatar.training.upgrade import add_eyes, find_own_eyes
    from streaming.commands.progress import phase_progress
    from streaming.core.console import text_console

    need_face_tracker()
    speaker = load_speaker(name)
    with phase_progress() as progress:
        eyes = find_own_eyes(speaker, MediaPipeFaceMesh(), progress.phase)
    if eyes is None:
        raise AvatarError(f"{speaker.name} never blinks in its reference video; nothing is changed")
    add_eyes(speaker, eyes)
    text_console().print(f"{speaker.name} blinks: {len(eyes.ends)} ways")


@speakers.command(cls=Command)
def remove(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a speaker's bundle from the disk."""
    import shutil

    from avatar.speakers.card import read_card
    from avatar.speakers.folders import speaker_folder
    from streaming.core.console import text_console

    folder = speaker_folder(name)
    read_card(folder)  # nothing but a speaker is ever deleted
    if not yes:
        typer.confirm(f"Delete {folder}?", abort=True)
    gone = folder.with_name(f".{folder.name}.removed")
    folder.rename(gone)
    shutil.rmtree(gone)
    text_console().print(f"{folder.name} is gone")


@speakers.command(cls=Command)
def withdraw(
    name: Name,
    why: Annotated[str, typer.Option(help="Why; kept with the speaker.")],
) -> None:
    """Have no server show a speaker any more; the bundle stays on the disk.

    Running servers look every few seconds: calls that show it end in words. Whoever loads it next
    is told when and why. To bring it back, delete the file WITHDRAWN from its
    folder.
    """
    from avatar.speakers.card import read_card
    from avatar.speakers.consent import withdraw as put_aside
    from avatar.speakers.folders import speaker_folder
    from streaming.core.console import text_console

    folder = speaker_folder(name)
    read_card(folder)
    put_aside(folder, why)
    text_console().print(f"{folder.name} is withdrawn")


def _facts(card: "SpeakerCard") -> dict[str, str]:
    from avatar.gestures import can_do

    training = card.training
    return {
        "name": card.name,
        "licence": card.licence,
        "consent": card.consent,
        "for": card.consent_uses or "not said",
        "until": card.consent_until or "not said",
        "source": card.source,
        "trained on": f"{training.data}: {training.frames} frames, {training.held_out:.0%} held "
        f"out, {training.steps} steps in {training.minutes:.0f} minutes",
        "picture": f"{card.size[0]}x{card.size[1]} at {card.fps} fps, loop of {card.frames} frames",
        "lip box": f"{card.lip_box}",
        "preset": card.model.preset,
        "gestures": ", ".join(can_do(card.expressions)),
        "size": f"{sum(file.bytes for file in card.files) / 1e6:.1f} MB",
    }
