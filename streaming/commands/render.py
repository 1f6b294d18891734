"""`avatar render`: sound files become talking videos."""

import functools
from collections.abc import Callable
from pathlib import Path
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
    from streaming.core.mark_settings import MarkSettings
    from streaming.render.renderer import I420

from avatar.rendering.backends.registry import AUTO, listed


def render(
    name: Annotated[str, typer.Argument(help="A speaker's name or the folder of its bundle.")],
    sound: Annotated[
        list[Path],
        typer.Option(help="What is said: any file with a sound track; repeat for several."),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="The video: .mp4, .mov or .mkv; for several, the folder of .mp4."
        ),
    ],
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
        int | None,
        typer.Option(
            min=1, metavar="N", help="Threads that draw, all files together. [default: all cores]"
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="Files at once.")] = 1,
    watermark: WatermarkOption = None,
    label: LabelOption = None,
    label_reason: LabelReasonOption = None,
    label_language: LabelLanguageOption = None,
    certificate: CertificateOption = None,
    certificate_key: CertificateKeyOption = None,
    timestamp_url: TimestampUrlOption = None,
) -> None:
    """Let a speaker say sound files; writes H.264 video with the sound beside it.

    Sound of any length is rendered in the same memory. The video appears under its name when it
    is whole; Ctrl-C leaves nothing behind.

    **Examples**

    - `avatar render anna --sound speech.wav -o anna.mp4`
    - `avatar render anna --sound talk.mp3 -o turned.mp4 --pose path.csv`
    - `avatar render anna --sound a.wav --sound b.wav --jobs 2 -o films`

    **Pose path**: text or a spreadsheet's CSV, one line a moment, `#` begins a comment. Angles are
    measured from the frontal view, at most 12 degrees each; between two lines the head moves
    smoothly.

        # seconds, yaw (right), pitch (up), roll (clockwise)
        0, 0, 0, 0
        2, 10, 0, 0
        4, -10, 5, 3
    """
    from avatar.audio import FPS
    from avatar.benchmark.machine import allowed_cores
    from avatar.media.sound_tracks import sound_track_notes
    from avatar.rendering.pipeline import Pipeline
    from avatar.rendering.pose_control import PosedHead
    from avatar.rendering.pose_path import read_pose_path
    from avatar.rendering.reference_loop import ReferenceLoop
    from avatar.speakers.speaker import load_speaker
    from streaming.commands.render_films import name_films, render_films
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
    films = name_films(sound, out, audio_track)
    signer = Signing.of(marks)
    if signer:
        for film in films:
            signer.check(film.out)
    speaker = load_speaker(name)
    for note in sound_track_notes(sound, audio_track):
        console.print(note)
    path = read_pose_path(pose) if pose else None
    scene = functools.partial(PosedHead, path=path) if path else ReferenceLoop
    pipeline = Pipeline(speaker, device, 1, scene, backend=backend)
    finish = functools.partial(_finish, speaker.name, marks)
    counts = render_films(pipeline, films, finish, threads or len(allowed_cores()), jobs)
    for film, frames in zip(films, counts, strict=True):
        if signer:
            signer.sign(film.out, speaker.name, speaker.card.consent)
        console.print(f"{film.out}: {frames} frames, {frames / FPS:.1f} s")


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
