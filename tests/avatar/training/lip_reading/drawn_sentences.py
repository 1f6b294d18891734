"""Sentences of drawn mouths: each word opens the mouth by an amount of its own."""

import numpy as np
from numpy.typing import NDArray

from avatar.training.lip_reading.filmed_sentences import FilmedSentence
from avatar.training.lip_reading.mouth_crops import CROP
from avatar.training.lip_reading.spoken_words import PLACES, Sentence, SpokenWord

LENGTH = 6  # frames of a word
BEFORE = 8  # frames of closed lips
OPEN = {"shut": 0.05, "ajar": 0.45, "wide": 1.0}


def drawn_sentences(count: int, seed: int = 0) -> list[FilmedSentence]:
    """Of words drawn by chance; (BEFORE + 6 LENGTH + BEFORE) frames each."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        said = rng.choice(list(OPEN), len(PLACES))
        opening = np.r_[np.zeros(BEFORE), np.repeat([OPEN[w] for w in said], LENGTH)]
        opening = np.r_[opening, np.zeros(BEFORE)]
        mouths = np.stack([drawn_mouth(gap) for gap in opening])
        found.append(FilmedSentence(f"clip{number}", mouths, sentence(said.tolist())))
    return found


def sentence(words: list[str], first: float = BEFORE, length: float = LENGTH) -> Sentence:
    """These words one after the other."""
    begins = [first + length * number for number in range(len(words))]
    return tuple(SpokenWord(w, at, at + length) for w, at in zip(words, begins, strict=True))


def drawn_mouth(gap: float) -> NDArray[np.uint8]:
    """A crop whose lips are open by 0..1."""
    rows, columns = np.ogrid[: CROP[0], : CROP[1]]
    y, x = (rows - CROP[0] / 2) / (3 + 12 * gap), (columns - CROP[1] / 2) / 24
    return np.where(x**2 + y**2 < 1, 40, 170).astype(np.uint8)
