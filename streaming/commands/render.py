"""`avatar render`: sound files become talking videos."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avatar.errors import AvatarError
from avatar.rendering.backends.registry import AUTO, listed
from streaming.commands.mark_options import (
    CertificateKeyOption,
    CertificateOption,
    LabelLanguageOption,
    LabelOption,
    LabelReasonOption,
    TimestampUrlOption,
    WatermarkOption,
)
from streaming.commands.progress import phase_progress
from streaming.core.thread_rest import let_threads_rest

if TYPE_CHECKING:
    from avatar.gestures import Score
    from avatar.rendering.pipeline import Pipeline
    from streaming.core.mark_settings import MarkSettings
    from streaming.render.renderer import I420


def render(
    name: Annotated[str, typer.Argument(help="A speaker's name or the folder of its bundle.")],
    sound: Annotated[
        list[Path],
        typer.Option(help="What is said: any file with a sound track; repeat for several."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="The video: .mp4, .mov or .mkv; for several, the folder of .mp4."
        ),
    ] = None,
    motion: Annotated[
        Path | None,
        typer.Option(
            help="What the face does, as data: .csv (Live Link Face, ARKit's names) or .json "
            "(visemes, articulation and blend shapes); with or without a video."
        ),
    ] = None,
    pose: Annotated[
        Path | None,
        typer.Option(help="Turn the head: lines of seconds, yaw, pitch, roll in degrees."),
    ] = None,
    score: Annotated[
        Path | None,
        typer.Option(help="Gestures: lines of seconds, gesture, strength, length."),
    ] = None,
    as_filmed: Annotated[
        bool,
        typer.Option(
            "--as-filmed",
            help="Play the reference video as it was filmed; otherwise the head moves by itself.",
        ),
    ] = False,
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
    - `avatar render anna --sound speech.wav --motion speech.csv`
    - `avatar render anna --sound speech.wav -o nodding.mp4 --score score.csv`

    **Pose path**: text or a spreadsheet's CSV, one line a moment, `#` begins a comment. Angles are
    measured from the frontal view, at most 12 degrees each; between two lines the head moves
    smoothly.

        # seconds, yaw (right), pitch (up), roll (clockwise)
        0, 0, 0, 0
        2, 10, 0, 0
        4, -10, 5, 3

    **Score**: written alike. Gestures are nod, shake, tilt, look and lean, and smile and brows if
    the speaker's own video shows them (avatar speakers show NAME); strength -1 to 1 (less than 0:
    to the other side) and length in seconds may be left out.

        # seconds, gesture, strength, length
        1.5, nod
        3, look, -0.8, 2
    """
    let_threads_rest()
    from avatar.audio import FPS
    from avatar.benchmark.machine import allowed_cores
    from avatar.gestures import require
    from avatar.media.sound_tracks import sound_track_notes
    from avatar.rendering.motion_file import check_name
    from avatar.rendering.pipeline import Pipeline
    from avatar.rendering.pose_control import PosedHead
    from avatar.rendering.pose_path import read_pose_path
    from avatar.rendering.reference_loop import ReferenceLoop
    from avatar.rendering.score_file import read_score
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
    if out:
        marks.report()
    if pose and score:
        raise AvatarError("--pose and --score both move the head; give one of them")
    if out is None and motion is None:
        raise AvatarError("say where it goes: -o VIDEO, --motion FILE, or both")
    if motion:
        check_name(motion)
        if len(sound) > 1:
            raise AvatarError("--motion takes one --sound; write the others one by one")
    films = name_films(sound, out, audio_track) if out else []
    signer = Signing.of(marks)
    if signer:
        signer.check()
        for film in films:
            signer.check_film(film.out)
    speaker = load_speaker(name)
    for note in sound_track_notes(sound, audio_track):
        console.print(note)
    path = read_pose_path(pose) if pose else None
    gestures = read_score(score) if score else ()
    for _, gesture in gestures:
        require(gesture, speaker.name, speaker.card.expressions)
    scene = functools.partial(PosedHead, path=path) if path else ReferenceLoop
    pipeline = Pipeline(speaker, device, 1, scene, backend=backend, lively=not as_filmed)
    finish = functools.partial(_finish, speaker.name, marks)
    threads = threads or len(allowed_cores())
    counts = render_films(pipeline, films, finish, threads, jobs, gestures) if films else []
    for film, frames in zip(films, counts, strict=True):
        if signer:
            signer.sign(film.out, speaker.name, speaker.card.consent)
        console.print(f"{film.out}: {frames} frames, {frames / FPS:.1f} s")
    if motion:
        frames = _write_motion(pipeline, sound[0], motion, audio_track, gestures)
        console.print(f"{motion}: {frames} frames, {frames / FPS:.1f} s")


def _write_motion(
    pipeline: "Pipeline", sound: Path, out: Path, track: int | None, score: "Score"
) -> int:
    from avatar.rendering.motion_file import write_motion

    with phase_progress() as progress:
        return write_motion(
            pipeline, sound, out, functools.partial(progress.phase, "motion"), track, score
        )


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
