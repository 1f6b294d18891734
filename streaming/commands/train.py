"""`avatar train`: from a video of a few minutes to a speaker."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from avatar.errors import AvatarError

DEFAULT_BUDGET = "30m"
BUDGET = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)")
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


class PresetChoice(StrEnum):
    """Sizes of the networks."""

    realtime = "realtime"
    paper = "paper"


class EncoderChoice(StrEnum):
    """Whether the speech encoder learns the speaker's own voice."""

    tuned = "tuned"
    frozen = "frozen"


def train(
    videos: Annotated[list[Path], typer.Argument(help="Videos of one person talking.")],
    name: Annotated[str, typer.Option(help="The new speaker's name: a-z, 0-9, - and _.")],
    consent: Annotated[
        str, typer.Option(help="Who agreed to be a digital human, and when; stored in the bundle.")
    ] = "",
    consent_uses: Annotated[str, typer.Option(help="What for, as it was agreed.")] = "",
    consent_until: Annotated[
        str,
        typer.Option(help="The last day, like 2027-12-31; later the speaker is refused."),
    ] = "",
    budget: Annotated[
        str | None, typer.Option(help=f"Time to spend: 90s, 30m, 2h. Default {DEFAULT_BUDGET}.")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Training steps in all, instead of a time."),
    ] = None,
    preset: Annotated[
        PresetChoice,
        typer.Option(metavar="NAME", help="Sizes of the networks: realtime or paper."),
    ] = PresetChoice.realtime,
    encoder: Annotated[
        EncoderChoice,
        typer.Option(
            metavar="NAME", help="tuned: hears this voice best; frozen: stays as it was shipped."
        ),
    ] = EncoderChoice.tuned,
    other_voices: Annotated[
        bool,
        typer.Option(
            show_default=False,
            help="Learn to follow any voice, from espeak-ng and flite speaking. [default: yes]",
        ),
    ] = True,
    voices: Annotated[
        Path | None,
        typer.Option(help="A folder of recorded speech to follow too (format: docs/speech.md)."),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="A silent take to loop over; else calm stretches are used.")
    ] = None,
    reader: Annotated[
        Path | None,
        typer.Option(
            help="A lip reader (avatar train-reader): what it sees in the lips is to be what it "
            "sees in the true ones."
        ),
    ] = None,
    start_from: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="A speaker trained from the same videos: keep its pictures, learn its ear anew.",
        ),
    ] = "",
    audio_track: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Of several sound tracks. [default: the first with sound]"
        ),
    ] = None,
    held_out: Annotated[
        float, typer.Option(help="Share of the video, at its end, kept for judging.")
    ] = 0.1,
    speakers: Annotated[
        Path, typer.Option(help="The folder that the new speaker is put into.")
    ] = Path("trained_speakers"),
    work: Annotated[
        Path | None, typer.Option(help="Folder for everything in between. Default work/NAME.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where it was stopped.")] = False,
    only_track: Annotated[
        bool, typer.Option("--only-track", help="Stop once the video is tracked; --resume goes on.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    licence: Annotated[str, typer.Option(help="Licence of the speaker.")] = "all rights reserved",
    source: Annotated[str, typer.Option(help="Where the video comes from.")] = "",
    seed: Annotated[int, typer.Option(help="Another seed, another speaker.")] = 0,
) -> None:
    """Train a speaker from a few minutes of video of one person, who must have agreed.

    The video is cut to the face, tracked and learned from; the last part of it judges the result.
    At the end stand the bundle `trained_speakers/NAME` and a report in `work/NAME/report`.
    Ctrl-C stops it at any time; the same command with `--resume` goes on.

    **Examples**

    - `avatar train anna.mp4 --name anna --consent "Anna Smith, in writing, 3 May 2026"`
    - `avatar train clips/*.mov --name anna --budget 2h --consent "..." --reference quiet.mp4`
    - `avatar train anna.mp4 --name anna2 --start-from anna --budget 15m --consent "..."`
    """
    from avatar.media.sound_tracks import sound_track_notes
    from avatar.rendering.backends.device import choose_device
    from avatar.training.drawn_aperture import look_at_drawn_lips
    from avatar.training.export import export
    from avatar.training.preprocess import preprocess
    from avatar.training.preprocess.landmark_tracker import need_face_tracker
    from avatar.training.report import write_report
    from avatar.training.request import TrainRequest
    from avatar.training.trainer import train as run
    from streaming.commands.progress import phase_progress
    from streaming.core.console import text_console

    if budget is not None and steps is not None:
        raise AvatarError("give either --budget or --steps, not both")
    if voices is not None and not other_voices:
        raise AvatarError("give either --voices or --no-other-voices, not both")
    request = TrainRequest(
        videos=tuple(videos),
        name=name,
        consent=consent,
        consent_uses=consent_uses,
        consent_until=consent_until,
        speakers=speakers,
        work=work or Path("work") / name,
        seconds=None if steps else _seconds(budget or DEFAULT_BUDGET),
        steps=steps,
        preset=preset.value,
        device=choose_device(device).type,
        tuned=encoder is EncoderChoice.tuned,
        other_voices=other_voices,
        voices=voices,
        audio_track=audio_track,
        held_out=held_out,
        reference=reference,
        reader=reader,
        start_from=start_from,
        licence=licence,
        source=source,
        seed=seed,
    )
    request.check()
    need_face_tracker()
    request.begin(resume)
    console = text_console(stderr=True)
    for note in sound_track_notes(videos, audio_track):
        console.print(note)
    if only_track:
        with phase_progress() as progress:
            preprocess(videos, request.work / "track", progress.phase, audio_track)
        console.print(f"{request.work / 'track'}: tracked. The same with --resume learns from it.")
        return
    with phase_progress() as progress:
        trained = run(request, progress.phase, progress.report)
        look_at_drawn_lips(trained, request)
        metrics = write_report(trained, request.work / "report")
        folder = export(trained, request)
    for key, value in metrics.items():
        console.print(
            f"{key:>18} {value:.4g}" if isinstance(value, float) else f"{key:>18} {value}"
        )
    console.print(f"{folder}: ready. Try: avatar render {name} --sound FILE -o out.mp4")


def _seconds(budget: str) -> float:
    match = BUDGET.fullmatch(budget.strip())
    if not match:
        raise AvatarError(f"--budget {budget!r}: give a number and s, m or h, as in 30m")
    return float(match[1]) * SECONDS[match[2]]
