"""`avatar verify`: whether a video says that it is synthetic."""

from pathlib import Path
from typing import Annotated

import typer

NOT_FOUND = 3  # exit code


def verify(
    video: Annotated[str, typer.Argument(help="A file or an address that FFmpeg reads.")],
    trust: Annotated[
        Path | None, typer.Option(help="Certificates (PEM) of signers to trust.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print values instead of words.")] = False,
) -> None:
    """Say what a video says of itself: is it synthetic, of whom, and since when.

    The watermark is found in videos that were scaled to half or double their size, cropped,
    letter-boxed, mirrored, brought to another frame rate, coded again or recorded off a screen; a
    signature (C2PA) only in the file as it was made. A video of any length is looked at in
    constant memory. The exit code is 0 if anything was found and 3 if nothing was; that nothing
    was found proves nothing.

    **Examples**

    - `avatar verify clip.mp4`
    - `avatar verify https://example.org/clip.webm --json`
    """
    import json as encoder

    from avatar.media.open_media import file_state
    from streaming.core.console import text_console
    from streaming.marks.verify import verify as look_at

    source = video if "://" in video else Path(video)
    if isinstance(source, Path):
        file_state(source)
    found = look_at(source, trust)
    if found.watermark.payload:
        from avatar.speakers.folders import speaker_folders

        found = found.named(speaker_folders())
    lines = [encoder.dumps(found.values(), indent=2)] if json else found.words()
    for line in lines:
        text_console().print(line)
    if not found.found:
        raise typer.Exit(NOT_FOUND)
