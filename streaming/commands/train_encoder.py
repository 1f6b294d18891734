"""`avatar train-encoder`: the speech encoder, from a folder of recorded speech."""

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avatar.errors import AvatarError
from avatar.files import replace_file

if TYPE_CHECKING:
    from avatar.models.speech_encoder import EncoderConfig, SpeechEncoder
    from avatar.training.encoder.corpus import Utterance
    from avatar.training.encoder.face_shards import Person
    from avatar.training.encoder.lip_teacher import LipTeacher
    from avatar.training.encoder.trainer import Settings

WEIGHTS = "speech_encoder.safetensors"
SECONDS = {"s": 1, "m": 60, "h": 3600}


def train_encoder(
    folder: Annotated[
        Path, typer.Argument(help="Recorded speech with phone times: docs/speech.md")
    ],
    out: Annotated[Path, typer.Option(help="Where shards, checkpoints and weights go.")],
    budget: Annotated[str, typer.Option(help="Training time, such as 90s, 60m or 2h.")] = "60m",
    faces: Annotated[
        Path | None,
        typer.Option(
            help="Videos of people who talk, a folder for each: teach lips.", file_okay=False
        ),
    ] = None,
    hold: Annotated[
        list[str] | None,
        typer.Option(help="A person of --faces to learn nothing from, but to be judged on."),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(help="A Whisper (folder or name): learns lips first and labels SPEECH."),
    ] = None,
    start: Annotated[
        Path | None, typer.Option(help="Weights to begin with instead of none.", dir_okay=False)
    ] = None,
    look_ahead: Annotated[
        int | None,
        typer.Option(help="Video frames (40 ms) heard beyond the one described.", min=1, max=8),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Carry on from the checkpoint.")] = False,
    evaluate: Annotated[
        Path | None, typer.Option(help="Train nothing; judge these weights.", dir_okay=False)
    ] = None,
) -> None:
    """Train the speaker-independent speech encoder and judge it on voices it never heard.

    Writes speech_encoder.safetensors and figures.json to OUT. Needs espeak-ng and flite; --faces
    needs the face tracker of the extra `train`, --teacher the extra `teacher`.

    **Examples**

    - `avatar train-encoder SPEECH --out work/encoder --budget 90m`
    - `avatar train-encoder SPEECH --out work/lips --faces PEOPLE --hold anna --teacher base
      --start avatar/weights/speech_encoder.safetensors`
    """
    import torch

    from avatar.models.speech_encoder import EncoderConfig
    from avatar.rendering.speech_features import load_encoder
    from avatar.training.encoder.corpus import read_folder
    from avatar.training.encoder.trainer import FINE_TUNING, FROM_SCRATCH, Settings

    if teacher is not None and faces is None:
        raise AvatarError("--teacher learns from lips: give --faces too")
    begin = None if start is None else load_encoder(start)
    settings = Settings(_seconds(budget), rate=FINE_TUNING if begin else FROM_SCRATCH)
    torch.set_num_threads(1)  # at these sizes more threads cost more than they give
    utterances = read_folder(folder)
    learned, held = _people(faces, hold or [], out)
    taught = _teacher(teacher, learned) if teacher is not None and evaluate is None else None
    shards = out / ("shards" if teacher is None else "taught")
    _prepare(utterances, shards, taught)
    _face_shards(learned, shards)
    if evaluate is None:
        config = begin.config if begin else EncoderConfig()
        if look_ahead is not None:
            config = replace(config, lookahead=look_ahead)
        _train(shards, out, config, settings, begin, resume)
    _judge(evaluate or out / WEIGHTS, shards, held, out)


def _seconds(budget: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", budget)
    if not found:
        raise AvatarError(f"--budget {budget}: write a time such as 90s, 60m or 2h")
    return float(found[1]) * SECONDS[found[2]]


def _people(
    faces: Path | None, hold: list[str], out: Path
) -> "tuple[list[tuple[Person, float]], list[Person]]":
    """Those to learn from with the offset of their sound, and those to be judged on alone."""
    if faces is None:
        return [], []
    from avatar.rendering.speech_features import load_encoder
    from avatar.training.encoder.faces import in_step, read_people
    from avatar.training.preprocess.landmark_tracker import need_face_tracker
    from streaming.commands.progress import phase_progress
    from streaming.core.console import text_console

    need_face_tracker()
    with phase_progress() as progress:
        people, rejected = read_people(faces, out / "faces", progress.phase)
    unknown = set(hold) - {person.name for person in people}
    if unknown:
        raise AvatarError(f"--hold {', '.join(sorted(unknown))}: nobody of that name in {faces}")
    held = [person for person in people if person.name in hold]
    rest = [person for person in people if person.name not in hold]
    learned, out_of_step = in_step(rest, load_encoder())
    console = text_console(stderr=True)
    for row in rejected + out_of_step:
        console.print(f"left out: {row.what}: {row.why}")
    for person, offset in learned:
        console.print(f"{person.name}: {len(person.lips)} clips, sound {offset:+.2f} frames late")
    if not learned:
        raise AvatarError(f"{faces}: there is nobody in it to learn from")
    return learned, held


def _teacher(name: str, people: "list[tuple[Person, float]]") -> "LipTeacher":
    from avatar.rendering.speech_features import load_encoder
    from avatar.training.encoder.lip_teacher import both_ears, learn
    from avatar.training.encoder.whisper_states import load_whisper

    return learn(people, both_ears(load_whisper(name), load_encoder()))


def _prepare(utterances: "list[Utterance]", shards: Path, teacher: "LipTeacher | None") -> None:
    from avatar.training.encoder.prepare import Amounts, prepare
    from streaming.commands.progress import phase_progress

    teach = None if teacher is None else teacher.lips
    with phase_progress() as progress:
        prepare(
            utterances,
            shards,
            Amounts(),
            lambda name, share: progress.report(name, share, {}),
            teach,
        )


def _face_shards(people: "list[tuple[Person, float]]", shards: Path) -> None:
    """Shards of these people and of no others."""
    from avatar.training.encoder.face_shards import face_shard
    from avatar.training.encoder.prepare import Amounts

    for old in shards.glob("faces-*.npz"):
        old.unlink()
    for person, offset in people:
        face_shard(person, offset, Amounts().mels).save(shards / f"faces-{person.name}.npz")


def _train(
    shards: Path,
    out: Path,
    config: "EncoderConfig",
    settings: "Settings",
    start: "SpeechEncoder | None",
    resume: bool,
) -> None:
    from avatar.training.encoder.trainer import Trainer
    from streaming.commands.progress import phase_progress

    trainer = Trainer(shards, out, config, settings)
    if start is not None:
        trainer.start_from(start)
    if resume and not trainer.resume():
        raise AvatarError(f"{out}: holds no checkpoint to resume; leave --resume out")
    with phase_progress() as progress:
        trainer.run(lambda share, losses: progress.report("training", share, losses))


def _judge(weights: Path, shards: Path, held: "list[Person]", out: Path) -> None:
    import hashlib
    import json
    from dataclasses import asdict

    from avatar.evaluation.seen_lips import seen_lips
    from avatar.rendering.speech_features import load_encoder
    from avatar.training.encoder.evaluate import evaluate
    from streaming.core.console import text_console

    encoder = load_encoder(weights)
    figures = evaluate(encoder, shards)
    followed = seen_lips(encoder, held) if held else {}
    report = {
        "weights": str(weights),
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "config": asdict(encoder.config),
        "figures": figures,
        "lips": followed,
    }
    with replace_file(out / "figures.json") as path:
        path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    text_console().print_json(json.dumps(figures | followed))
