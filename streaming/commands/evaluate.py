"""`avatar evaluate`: how good a speaker is, on video it has not learned from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from avatar.evaluation.any_voice import AnyVoice
    from avatar.evaluation.cross_identity import Driven
    from avatar.evaluation.evaluate import Evaluation
    from avatar.speakers.speaker import Speaker
    from avatar.training.preprocess.progress import Progress
    from streaming.commands.mouth_judges import MouthJudges, MouthVerdict


def evaluate(
    name: Annotated[str, typer.Argument(help="A speaker's name or the folder of its bundle.")],
    videos: Annotated[
        list[Path] | None, typer.Argument(help="Videos of the speaker, not used in training.")
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(help="The training's work folder. [default: work/NAME]"),
    ] = None,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Judge on the end that the training left out.")
    ] = False,
    beside: Annotated[
        list[str] | None,
        typer.Option(help="Another bundle for the same table, trained in the same space."),
    ] = None,
    drive: Annotated[
        list[Path] | None,
        typer.Option(
            help="A clip of another person, or a folder with a folder of clips for each person: "
            "let their sounds drive the speaker."
        ),
    ] = None,
    audio_track: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Of several sound tracks. [default: the first with sound]"
        ),
    ] = None,
    voices: Annotated[
        Path | None,
        typer.Option(help="A folder of recorded speech: do the lips follow its held voices?"),
    ] = None,
    readability: Annotated[
        Path | None,
        typer.Option(
            help="A lip reader (avatar train-reader): not how alike the lips are, but how many "
            "words can be read off them.",
        ),
    ] = None,
    words: Annotated[
        Path | None,
        typer.Option(help="What is said in the videos and when: words.tsv, or .align files."),
    ] = None,
    sync_expert: Annotated[
        Path | None,
        typer.Option(
            help="A sync expert (avatar train-sync): not how alike the lips are, but how well "
            "they go with the sound.",
        ),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all figures to this file.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Measure a speaker: true frames it never saw, their lips replaced by the speaker's own.

    In the same table, from the same run: a still mouth, the mean of all training lips, the
    training frame whose sound was most alike, and every bundle named with --beside.

    **Examples**

    - `avatar evaluate anna new.mp4 --json anna.json`
    - `avatar evaluate anna --held-out`
    - `avatar evaluate anna new.mp4 --beside anna-paper`
    - `avatar evaluate anna --drive bob.mp4 --drive carol.mp4`
    - `avatar evaluate anna --drive PEOPLE`
    - `avatar evaluate anna --voices SPEECH`
    - `avatar evaluate anna new/*.mp4 --readability reader.safetensors --words new/words.tsv`
    """
    from avatar.errors import AvatarError
    from avatar.evaluation.table import any_voice_table, driven_table, evaluation_table
    from avatar.media.sound_tracks import sound_track_notes
    from avatar.speakers.speaker import load_speaker
    from avatar.training.preprocess.landmark_tracker import need_face_tracker
    from streaming.commands.mouth_judges import MouthVerdict, load_judges
    from streaming.commands.progress import phase_progress
    from streaming.commands.tables import print_tables, table_console
    from streaming.core.console import text_console

    if not (videos or held_out or drive or voices):
        raise AvatarError("nothing to measure on: give videos, --held-out, --drive or --voices")
    judges = load_judges(readability, words, sync_expert, videos or [])
    need_face_tracker()
    speaker = load_speaker(name)
    for note in sound_track_notes(videos or [], audio_track):
        text_console(stderr=True).print(note)
    console = table_console()
    with phase_progress() as bars:
        progress = bars.phase
        judged = (
            _judge(
                speaker, videos or [], work, held_out, audio_track, beside or [], judges, device,
                progress,
            )
            if videos or held_out
            else None
        )  # fmt: skip
        driven = _drive(speaker, drive, audio_track, device, progress) if drive else []
        followed = None if voices is None else _follow(speaker, voices, device, progress)
    if isinstance(judged, MouthVerdict):
        print_tables(console, *judged.tables(speaker.name))
    elif judged is not None:
        print_tables(console, evaluation_table(judged))
    if driven:
        print_tables(console, driven_table(speaker.name, driven))
    if followed is not None:
        print_tables(console, any_voice_table(speaker.name, followed))
    if json_file is not None:
        _write(json_file, judged, driven, followed)


def _judge(
    speaker: "Speaker",
    videos: list[Path],
    work: Path | None,
    held_out: bool,
    audio_track: int | None,
    beside: list[str],
    judges: "MouthJudges | None",
    device: str,
    progress: "Progress",
) -> "Evaluation | MouthVerdict":
    from contextlib import closing

    from avatar.errors import AvatarError
    from avatar.evaluation.evaluate import evaluate, face_scale
    from avatar.evaluation.test_set import held_out_set, set_of_videos
    from avatar.speakers.speaker import load_speaker
    from avatar.training.preprocess.landmark_tracker import MediaPipeFaceMesh
    from streaming.commands.mouth_judges import judge_mouths

    work = work or Path("work") / speaker.name
    if held_out and videos:
        raise AvatarError("give either videos or --held-out, not both")
    others = [load_speaker(other) for other in beside]
    test_set = (
        held_out_set(speaker, work)
        if held_out
        else set_of_videos(speaker, work, videos, progress, audio_track)
    )
    if judges is not None:
        return judge_mouths(judges, speaker, others, test_set, work, device, progress)
    data = [str(video) for video in videos] or [f"held-out part of {speaker.card.training.data}"]
    with closing(MediaPipeFaceMesh(face_scale(test_set))) as tracker:
        return evaluate(speaker, others, test_set, data, work, tracker, device, progress)


def _drive(
    speaker: "Speaker",
    paths: list[Path],
    audio_track: int | None,
    device: str,
    progress: "Progress",
) -> "list[Driven]":
    from contextlib import ExitStack, closing

    from avatar.evaluation.cross_identity import clips_of, drive, judge
    from avatar.rendering.pipeline import Pipeline
    from avatar.training.preprocess.landmark_tracker import MediaPipeFaceMesh

    clips, pipeline = clips_of(paths), Pipeline(speaker, device)
    with ExitStack() as stack:
        theirs, ours = (stack.enter_context(closing(MediaPipeFaceMesh(1))) for _ in range(2))
        trackers = theirs, ours
        return judge(
            [drive(pipeline, who, clip, trackers, progress, audio_track) for who, clip in clips]
        )


def _follow(speaker: "Speaker", voices: Path, device: str, progress: "Progress") -> "AnyVoice":
    from contextlib import closing

    from avatar.evaluation.any_voice import any_voice
    from avatar.rendering.pipeline import Pipeline
    from avatar.training.preprocess.landmark_tracker import MediaPipeFaceMesh

    with closing(MediaPipeFaceMesh(1)) as tracker:
        return any_voice(
            Pipeline(speaker, device), voices, tracker, lambda what, n: progress(what, n, 0)
        )


def _write(
    path: Path,
    judged: "Evaluation | MouthVerdict | None",
    driven: "list[Driven]",
    followed: "AnyVoice | None",
) -> None:
    import json
    from dataclasses import asdict

    from avatar.files import replace_file

    values = {} if judged is None else judged.as_json()
    with replace_file(path) as temporary:
        values["driven"] = [asdict(row) for row in driven]
        values["voices"] = None if followed is None else asdict(followed)
        text = json.dumps(values, indent=2)
        temporary.write_text(text + "\n", encoding="utf-8")
