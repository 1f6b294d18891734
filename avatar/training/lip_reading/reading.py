"""What a reader reads."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from avatar.models.word_reader import WordReader
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
