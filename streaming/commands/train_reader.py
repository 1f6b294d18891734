"""`avatar train-reader`: the judge of readable lips, from clips whose words are known."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from avatar.training.lip_reading.filmed_sentences import FilmedSentence


def train_reader(
    clips: Annotated[
        Path,
        typer.Argument(
            help="A folder of clips of one person: docs/evaluation.md", exists=True, file_okay=False
        ),
    ],
    out: Annotated[Path, typer.Option(help="The file that the reader is written to.")],
    words: Annotated[
        Path | None,
        typer.Option(help="A table of words, or a folder of .align files. [default: words.tsv]"),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, metavar="N", help="Training steps.")] = 3000,
    work: Annotated[
        Path, typer.Option(help="Folder for mouths and checkpoints.", file_okay=False)
    ] = Path("work/reader"),
) -> None:
    """Teach a network to read words from lips, without sound, to judge generated lips by it.

    Every tenth clip is kept out of learning and read at the end. Clips that train or test a
    speaker do not belong here: nothing is said by a judge that has seen what it judges. The same
    command goes on where it was stopped.

    **Examples**

    - `avatar train-reader CLIPS --out reader.safetensors`
    - `avatar evaluate anna test/*.mp4 --readability reader.safetensors --words test`
    """
    import torch

    from avatar.training.fit import Budget, fit
    from avatar.training.lip_reading.network_file import save_network
    from avatar.training.lip_reading.reader_task import ReaderTask, held_apart
    from avatar.training.lip_reading.reading import right_words
    from avatar.training.lip_reading.spoken_words import PLACES
    from streaming.commands.progress import phase_progress
    from streaming.core.console import text_console

    torch.set_num_threads(1)  # at these sizes more threads cost more than they give
    learned, held = held_apart(_clips(clips, words or clips, work))
    task = ReaderTask(learned)
    with phase_progress() as progress:
        fit(task, Budget(steps=steps), work / task.key, 0, progress.report)
    save_network(task.reader, task.reader.config, out)
    right = right_words(task.reader, held).mean(0)
    console = text_console()
    console.print(f"{len(held)} clips held out, words read rightly:")
    console.print(", ".join(f"{p} {share:.2f}" for p, share in zip(PLACES, right, strict=True)))


def _clips(folder: Path, words: Path, work: Path) -> "list[FilmedSentence]":
    from avatar.training.lip_reading.filmed_sentences import filmed_sentences
    from avatar.training.lip_reading.spoken_words import read_sentences
    from avatar.training.preprocess.landmark_tracker import need_face_tracker
    from streaming.commands.progress import phase_progress
    from streaming.core.console import text_console

    sentences = read_sentences(words)
    need_face_tracker()
    with phase_progress() as progress:
        clips, left_out = filmed_sentences(folder, sentences, work / "mouths", progress.phase)
    for what in left_out:
        text_console(stderr=True).print(f"left out: {what}")
    return clips
