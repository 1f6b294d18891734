"""`avatar train-encoder`: the speech encoder, from a folder of recorded speech."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avatar.errors import AvatarError
from avatar.files import replace_file

if TYPE_CHECKING:
    from avatar.training.encoder.corpus import Utterance
    from avatar.training.encoder.trainer import Settings

WEIGHTS = "speech_encoder.safetensors"
SECONDS = {"s": 1, "m": 60, "h": 3600}


def train_encoder(
    folder: Annotated[
        Path, typer.Argument(help="Recorded speech with phone times: docs/speech.md")
    ],
    out: Annotated[Path, typer.Option(help="Where shards, checkpoints and weights go.")],
    budget: Annotated[str, typer.Option(help="Training time, such as 90s, 60m or 2h.")] = "60m",
    resume: Annotated[bool, typer.Option("--resume", help="Carry on from the checkpoint.")] = False,
    evaluate: Annotated[
        Path | None, typer.Option(help="Train nothing; judge these weights.", dir_okay=False)
    ] = None,
) -> None:
    """Train the speaker-independent speech encoder and judge it on voices it never heard.

    Writes speech_encoder.safetensors and figures.json to OUT. Needs espeak-ng and flite.
    """
    import torch

    from avatar.training.encoder.corpus import read_folder
    from avatar.training.encoder.trainer import Settings

    settings = Settings(seconds=_seconds(budget))
    torch.set_num_threads(1)  # at these sizes more threads cost more than they give
    _prepare(read_folder(folder), out / "shards")
    if evaluate is None:
        _train(out, settings, resume)
    _judge(evaluate or out / WEIGHTS, out)


def _seconds(budget: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", budget)
    if not found:
        raise AvatarError(f"--budget {budget}: write a time such as 90s, 60m or 2h")
    return float(found[1]) * SECONDS[found[2]]


def _prepare(utterances: "list[Utterance]", shards: Path) -> None:
    from avatar.training.encoder.prepare import Amounts, prepare
    from streaming.commands.progress import phase_progress

    with phase_progress() as progress:
        prepare(utterances, shards, Amounts(), lambda name, share: progress.report(name, share, {}))


def _train(out: Path, settings: "Settings", resume: bool) -> None:
    from avatar.models.speech_encoder import EncoderConfig
    from avatar.training.encoder.trainer import Trainer
    from streaming.commands.progress import phase_progress

    trainer = Trainer(out / "shards", out, EncoderConfig(), settings)
    if resume and not trainer.resume():
        raise AvatarError(f"{out}: holds no checkpoint to resume; leave --resume out")
    with phase_progress() as progress:
        trainer.run(lambda share, losses: progress.report("training", share, losses))


def _judge(weights: Path, out: Path) -> None:
    import hashlib
    import json
    from dataclasses import asdict

    from avatar.rendering.speech_features import load_encoder
    from avatar.training.encoder.evaluate import evaluate
    from streaming.core.console import text_console

    encoder = load_encoder(weights)
    report = {
        "weights": str(weights),
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "config": asdict(encoder.config),
        "figures": evaluate(encoder, out / "shards"),
    }
    with replace_file(out / "figures.json") as path:
        path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    text_console().print_json(json.dumps(report["figures"]))
