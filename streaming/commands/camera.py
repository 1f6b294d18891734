"""`avatar camera`: the digital human as a webcam."""

import asyncio
import functools
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streaming.camera.studio import CameraSettings


def camera(
    speaker: Annotated[str, typer.Option(help="Speaker: a name or a bundle's path.")] = "demo",
    microphone: Annotated[
        str | None, typer.Option(help="Whose sound drives the face: a name, or part of it.")
    ] = None,
    camera: Annotated[
        str | None, typer.Option(help="The virtual camera, like /dev/video10. [default: the first]")
    ] = None,
    voice: Annotated[
        str | None, typer.Option(help="Sound output that gets the voice in step with the face.")
    ] = None,
    device: Annotated[str, typer.Option(help="Where pictures are made: auto, cpu, cuda.")] = "auto",
    block_code: Annotated[
        bool, typer.Option("--block-code", help="Burn frame numbers in, for measurements.")
    ] = False,
) -> None:
    """Be the digital human in any call program: microphone in, virtual camera out."""
    from streaming.camera.studio import CameraSettings

    settings = CameraSettings(
        speaker=speaker, microphone=microphone, camera=camera, voice=voice, block_code=block_code
    )
    asyncio.run(run(settings, device))


async def run(settings: "CameraSettings", device: str) -> None:
    """Be a camera until interrupted. Raises AvatarError if something needed is not to be had."""
    from streaming.camera.studio import Studio
    from streaming.commands.serve import find_speakers
    from streaming.render_worker import RenderWorker

    worker = RenderWorker(functools.partial(find_speakers, settings.speaker, device))
    studio = Studio(worker, settings)
    try:
        await studio.open()
        await studio.run()
    finally:
        await studio.close()
