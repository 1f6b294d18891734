"""`avatar render`: a sound file becomes a talking video."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streaming.core.mark_settings import MarkSettings
    from streaming.render.renderer import I420

from avatar.rendering.backends.registry import AUTO, listed


def render(
    name: Annotated[str, typer.Argument(help="A speaker's name or the folder of its bundle.")],
    sound: Annotated[Path, typer.Option(help="What is said: any file with a sound track.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The video: .mp4, .mov or .mkv.")],
    pose: Annotated[
        Path | None,
        typer.Option(help="Turn the head: lines of seconds, yaw, pitch, roll in degrees."),
    ] = None,
    audio_track: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Of several sound tracks. [default: the first with sound]"
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    backend: Annotated[str, typer.Option(help=f"{listed()}.")] = AUTO,
    threads: Annotated[
        int, typer.Option(min=1, metavar="N", help="Processor threads for the networks.")
    ] = 1,
    watermark: Annotated[
        str | None,
        typer.Option(help="The watermark that `avatar verify` finds: on or off. [default: on]"),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            help="The word for AI in a corner of the picture: on, or off with a --label-reason. "
            "[default: on]"
        ),
    ] = None,
    label_reason: Annotated[
        str | None, typer.Option(help="Why there is no label, and how people are told instead.")
    ] = None,
    label_language: Annotated[
        str | None, typer.Option(help="de, en, es, fr, it, nl or pt. [default: en]")
    ] = None,
    certificate: Annotated[
        str | None, typer.Option(help="Sign films (C2PA): certificates, PEM, the signer's first.")
    ] = None,
    certificate_key: Annotated[str | None, typer.Option(help="Its private key, PEM.")] = None,
    timestamp_url: Annotated[
        str | None, typer.Option(help="A time-stamp authority for signatures. [default: none]")
    ] = None,
) -> None:
    """Let a speaker say a sound file; writes H.264 video with the sound beside it.

    Sound of any length is rendered in the same memory. The video appears under its name when it
    is whole; Ctrl-C leaves nothing behind.

    **Examples**

    - `avatar render anna --sound speech.wav -o anna.mp4`
    - `avatar render anna --sound talk.mp3 -o turned.mp4 --pose path.csv`

    **Pose path**: text or a spreadsheet's CSV, one line a moment, `#` begins a comment. Angles are
    measured from the frontal view, at most 12 degrees each; between two lines the head moves
    smoothly.

        # seconds, yaw (right), pitch (up), roll (clockwise)
        0, 0, 0, 0
        2, 10, 0, 0
        4, -10, 5, 3
    """
    from avatar.media.sound_tracks import sound_track_notes
    from avatar.rendering.pipeline import Pipeline
    from avatar.rendering.pose_control import PosedHead
    from avatar.rendering.pose_path import read_pose_path
    from avatar.rendering.render_video import render_film
    from avatar.speakers.speaker import load_speaker
    from streaming.commands.progress import phase_progress
    from streaming.core.console import text_console
    from streaming.core.mark_settings import mark_settings
    from streaming.marks.signing import Signing

    console = text_console(stderr=True)
    marks = mark_settings(
        watermark,
        label,
        label_reason,
        label_language,
        certificate=certificate,
        certificate_key=certificate_key,
        timestamp_url=timestamp_url,
    )
    marks.report()
    signer = Signing.of(marks)
    if signer:
        signer.check(out)
    speaker = load_speaker(name)
    for note in sound_track_notes([sound], audio_track):
        console.print(note)
    scene = PosedHead(speaker, read_pose_path(pose)) if pose else None
    pipeline = Pipeline(speaker, device, threads, scene, backend=backend)
    with phase_progress() as progress:
        frames = render_film(
            pipeline,
            sound,
            out,
            lambda n, of: progress.phase("render", n, of),
            audio_track,
            _finish(speaker.name, marks),
        )
    if signer:
        signer.sign(out, speaker.name, speaker.card.consent)
    console.print(f"{out}: {frames} frames, {frames / 25:.1f} s")


def _finish(speaker: str, marks: "MarkSettings") -> "Callable[[I420], I420]":
    """Marks a film's pictures as its settings say."""
    from streaming.marks.label import Label
    from streaming.marks.watermark import SpeakerWatermark

    steps: list[Callable[[I420], I420]] = []
    if marks.watermark:
        steps.append(functools.partial(SpeakerWatermark(), speaker))
    if marks.label:
        steps.append(Label(marks.word))
    return lambda picture: functools.reduce(lambda so_far, step: step(so_far), steps, picture)
