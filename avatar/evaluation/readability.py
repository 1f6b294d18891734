"""How many words a lip reader reads off generated lips, of those it reads off the true ones.

Talking-head papers call that share relative accuracy.  Beside the speaker stand the simple
baselines, and true lips of which another sentence is asked: what guessing finds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.errors import AvatarError
from avatar.evaluation.mouths import TRUE_LIPS
from avatar.models.word_reader import WordReader
from avatar.training.lip_reading.exchange import exchanged
from avatar.training.lip_reading.filmed_sentences import FilmedSentence
from avatar.training.lip_reading.mouth_crops import Crops
from avatar.training.lip_reading.reading import right_words
from avatar.training.lip_reading.spoken_words import PLACES, Sentence

WRONG_SENTENCE = "another clip's lips"
RESAMPLED = 2000  # times that the clips are drawn anew
LIKELY = (2.5, 97.5)  # percentiles of an interval

Interval = tuple[float, float]
Said = Sequence[tuple[str, Sentence]]  # the name of each clip, and what is said in it


@dataclass(frozen=True)
class Reading:
    """What was read off the lips of one method."""

    name: str
    accuracy: dict[str, float]
    """Share of the words read rightly at each place of the sentence."""
    words: float
    """The same over all places."""
    words_interval: Interval
    """95%, over clips drawn anew."""
    relative: float
    """Of the words that are read rightly off the true lips."""
    relative_interval: Interval


@dataclass(frozen=True)
class Readability:
    """All methods on the same sentences, the true lips first."""

    clips: list[str]
    readings: list[Reading]

    def as_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return asdict(self)


def readability(
    reader: WordReader, mouths: Mapping[str, Sequence[Crops]], said: Said
) -> Readability:
    """Read the mouths of every method (see `mouths_of_methods`).

    Raises AvatarError for a reader that reads nothing off true lips.
    """
    true = mouths[TRUE_LIPS]
    ideal = _right(reader, true, said)
    if not ideal.any():
        raise AvatarError("the reader reads no word off the true lips; train it on this person")
    rights = {TRUE_LIPS: ideal, WRONG_SENTENCE: _right(reader, exchanged(true), said)}
    for name, made in mouths.items():
        if name != TRUE_LIPS:
            rights[name] = _right(reader, made, said)
    readings = [_reading(name, right, ideal) for name, right in rights.items()]
    return Readability([name for name, _ in said], readings)


def sentences_of(videos: Sequence[Path], known: Mapping[str, Sentence]) -> Said:
    """What is said in each video.  Raises AvatarError where that is not known."""
    for video in videos:
        if video.stem not in known:
            raise AvatarError(f"{video}: --words does not say what is spoken in it")
    return [(video.stem, known[video.stem]) for video in videos]


def _right(reader: WordReader, mouths: Sequence[Crops], said: Said) -> NDArray[np.bool_]:
    if len(mouths) != len(said):
        raise AvatarError("videos with cuts in them cannot be read; give whole takes alone")
    clips = [
        FilmedSentence(name, seen, words) for (name, words), seen in zip(said, mouths, strict=True)
    ]
    return right_words(reader, clips)


def _reading(name: str, right: NDArray[np.bool_], true: NDArray[np.bool_]) -> Reading:
    """`right` and `true` (clips, places): which words were read rightly."""
    drawn = np.random.default_rng(0).integers(len(right), size=(RESAMPLED, len(right)))
    words, ideal = (of.mean(1)[drawn].mean(1) for of in (right, true))
    able = ideal > 0
    return Reading(
        name,
        dict(zip(PLACES, right.mean(0).tolist(), strict=True)),
        float(right.mean()),
        _interval(words),
        float(right.mean() / true.mean()),
        _interval(words[able] / ideal[able]),
    )


def _interval(values: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(values, LIKELY)
    return float(low), float(high)
