"""Teaching a word reader: cross entropy at each place of the sentence; a `fit.Task`."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from avatar.models.word_reader import WordReader, WordReaderConfig
from avatar.training.fit import autocast
from avatar.training.lip_reading.filmed_sentences import FilmedSentence
from avatar.training.lip_reading.mouth_changes import another_take
from avatar.training.lip_reading.spoken_words import PLACES, Sentence
from avatar.training.preprocess.phase_cache import chain

BATCH = 12  # sentences of a step
RATE, DECAY = 2e-3, 0.03
SMOOTHING = 0.1  # of the labels
HELD_EVERY = 10  # th clip is held out


def vocabulary(sentences: Sequence[Sentence]) -> tuple[tuple[str, ...], ...]:
    """The words that occur at each place."""
    return tuple(
        tuple(sorted({sentence[place].word for sentence in sentences}))
        for place in range(len(PLACES))
    )


def held_apart(
    clips: Sequence[FilmedSentence],
) -> tuple[list[FilmedSentence], list[FilmedSentence]]:
    """Those to learn from, and every tenth, to be judged on."""
    learned = [clip for number, clip in enumerate(clips) if number % HELD_EVERY]
    return learned, list(clips[::HELD_EVERY])


class ReaderTask:
    """Learns from sentences, changed by chance at every step.

    `key` changes with what is learned from.
    """

    name = "reader"

    def __init__(self, clips: Sequence[FilmedSentence], seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.clips = clips
        self.reader = WordReader(WordReaderConfig(vocabulary([clip.words for clip in clips])))
        self.modules = nn.ModuleDict({"reader": self.reader})
        self.key = chain(self.name, self.reader.config, [clip.name for clip in clips])[:12]
        self.labels = [labels(self.reader.config, clip.words) for clip in clips]

    def parameter_groups(self) -> list[dict[str, object]]:
        """All of it."""
        return [{"params": list(self.reader.parameters()), "lr": RATE, "weight_decay": DECAY}]

    def losses(self, rng: torch.Generator, progress: float) -> dict[str, Tensor]:
        """Mean cross entropy over the places."""
        del progress
        rows = torch.randint(len(self.clips), (BATCH,), generator=rng).tolist()
        mouths, spans = another_take([self.clips[row] for row in rows], rng)
        with autocast(torch.device("cpu")):
            said = self.reader(mouths, spans)
        right = torch.tensor([self.labels[row] for row in rows])
        found = [
            functional.cross_entropy(logits.float(), right[:, place], label_smoothing=SMOOTHING)
            for place, logits in enumerate(said)
        ]
        return {"words": torch.stack(found).mean()}


def labels(config: WordReaderConfig, sentence: Sentence) -> list[int]:
    """Numbers of a sentence's words among those that can stand at their places."""
    return [
        words.index(spoken.word) for words, spoken in zip(config.vocabulary, sentence, strict=True)
    ]
