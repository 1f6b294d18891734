"""What a reader reads, and the file that it is kept in."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from avatar.config import from_dict, to_dict
from avatar.errors import AvatarError
from avatar.files import replace_file
from avatar.models.word_reader import WordReader, WordReaderConfig
from avatar.training.lip_reading.filmed_sentences import FilmedSentence
from avatar.training.lip_reading.mouth_changes import as_seen, spans


@torch.inference_mode()
def read_words(reader: WordReader, sentence: FilmedSentence) -> list[str]:
    """The likeliest word at each place: by the picture as it is and mirrored, taken together."""
    mouths = as_seen(torch.from_numpy(sentence.mouths))
    both = torch.stack([mouths, mouths.flip(-1)])
    said = reader(both, spans(sentence).expand(2, -1, -1))
    best = [int(logits.log_softmax(-1).mean(0).argmax()) for logits in said]
    return [words[at] for words, at in zip(reader.config.vocabulary, best, strict=True)]


def right_words(reader: WordReader, clips: Sequence[FilmedSentence]) -> NDArray[np.bool_]:
    """Which words of which clip were read rightly, (clips, places)."""
    return np.array(
        [
            [
                read == spoken.word
                for read, spoken in zip(read_words(reader, clip), clip.words, strict=True)
            ]
            for clip in clips
        ]
    )


def save_reader(reader: WordReader, path: Path) -> None:
    """Weights with the dimensions and the vocabulary in their metadata."""
    tensors = {name: value.contiguous() for name, value in reader.state_dict().items()}
    with replace_file(path) as unfinished:
        save_file(tensors, unfinished, {"word_reader": json.dumps(to_dict(reader.config))})


def load_reader(path: Path) -> WordReader:
    """The reader in a file, in evaluation mode.  Raises AvatarError if there is none in it."""
    if not path.is_file():
        raise AvatarError(f"{path}: there is no such reader; make one with avatar train-reader")
    try:
        with safe_open(path, framework="pt") as file:
            dimensions = json.loads((file.metadata() or {})["word_reader"])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        reader = WordReader(from_dict(WordReaderConfig, dimensions, f"{path}: word_reader"))
        reader.load_state_dict(weights)
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError, AvatarError) as error:
        raise AvatarError(
            f"{path}: not a word reader; make one with avatar train-reader"
        ) from error
    return reader.eval().requires_grad_(False)
