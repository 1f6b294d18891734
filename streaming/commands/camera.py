"""`avatar camera`: the digital human as a webcam."""

import asyncio
import functools
from typing import TYPE_CHECKING, Annotated

import typer

from streaming.commands.mark_options import (
    CertificateKeyOption,
    CertificateOption,
    LabelLanguageOption,
    LabelOption,
    LabelReasonOption,
    TimestampUrlOption,
    WatermarkOption,
)

if TYPE_CHECKING:
    from streaming.desktop.app import CameraSettings


def camera(
    speaker: Annotated[str, typer.Option(help="Speaker: a name or a bundle's path.")] = "demo",
    list_: Annotated[
        bool, typer.Option("--list", help="Show devices, what is missing and how to get it.")
    ] = False,
    microphone: Annotated[
        str | None, typer.Option(help="Whose sound drives the face: a name or part of one.")
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option(help="The virtual camera, like /dev/video10. [default: the first there is]"),
    ] = None,
    voice: Annotated[
        str | None,
        typer.Option(
            help="The sound output for the voice: a virtual cable. A name or part of one."
        ),
    ] = None,
    out: Annotated[
        list[str] | None,
        typer.Option(help="A file (.mp4, .mov, .mkv) or srt://, rtmp://, udp://, tcp:// address."),
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="WIDTHxHEIGHT; the face is fitted in. [default: its own]")
    ] = None,
    mirror: Annotated[bool, typer.Option("--mirror", help="Left is right.")] = False,
    background: Annotated[
        str, typer.Option(help="Colour round the face: a name or #rrggbb; green for a chroma key.")
    ] = "black",
    preview: Annotated[bool, typer.Option("--preview", help="A window with the picture.")] = False,
    watermark: WatermarkOption = None,
    label: LabelOption = None,
    label_reason: LabelReasonOption = None,
    label_language: LabelLanguageOption = None,
    certificate: CertificateOption = None,
    certificate_key: CertificateKeyOption = None,
    timestamp_url: TimestampUrlOption = None,
    device: Annotated[str, typer.Option(help="Where pictures are made: auto, cpu, cuda.")] = "auto",
    block_code: Annotated[
        bool, typer.Option("--block-code", help="Burn frame numbers in, for measurements.")
    ] = False,
) -> None:
    """Be the digital human in any call program: microphone in, virtual camera out.

    **Examples**

    - `avatar camera --list` - what there is, what is missing, and the commands to get it
    - `avatar camera` - default microphone to the first virtual camera
    - `avatar camera --voice CABLE --size 1280x720` - and the voice, in step, to a virtual cable
    - `avatar camera --out talk.mp4` - a recording; `--out` may be given several times
    - `avatar camera --out "srt://127.0.0.1:9000"` - to OBS, which listens there as a Media Source

    With `--out`, a virtual camera is used only if `--camera` names one. A device that is unplugged,
    and a program at the other end that goes away, may come back: it goes on by itself. In a
    terminal the keys 1 to 5 have the head nod, shake, tilt, look aside and lean in; Ctrl-C stops
    and finishes files. Step by step, for each system: docs/camera.md.
    """
    from streaming.core.mark_settings import mark_settings
    from streaming.desktop.app import CameraSettings
    from streaming.desktop.inventory import show_inventory
    from streaming.sinks.destination import Destination
    from streaming.sinks.framing import parse_colour, parse_size

    if list_:
        show_inventory()
        return
    settings = CameraSettings(
        speaker=speaker,
        microphone=microphone,
        camera=camera,
        voice=voice,
        outs=tuple(Destination.parse(text) for text in out or ()),
        size=parse_size(size) if size else None,
        mirror=mirror,
        background=parse_colour(background),
        preview=preview,
        block_code=block_code,
        marks=mark_settings(
            watermark,
            label,
            label_reason,
            label_language,
            certificate=certificate,
            certificate_key=certificate_key,
            timestamp_url=timestamp_url,
        ),
    )
    settings.marks.report()
    asyncio.run(run(settings, device))


async def run(settings: "CameraSettings", device: str) -> None:
    """Be a camera until interrupted. Raises AvatarError if something needed is not to be had."""
    from streaming.desktop.app import CameraApp
    from streaming.desktop.display import Display
    from streaming.devices.portaudio import find_device
    from streaming.render.client import RenderClient
    from streaming.render.find_speakers import find_speakers

    find_device("input", settings.microphone)  # before the renderer is started for nothing
    worker = RenderClient(functools.partial(find_speakers, settings.speaker, device))
    app = CameraApp(worker, settings)
    try:
        await app.open()
        await app.run(Display(app, worker.ready.first).run())
    finally:
        await app.close()
