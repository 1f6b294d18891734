"""How many words a lip reader reads off generated lips, of those it reads off the true ones.

Talking-head papers call that share relative accuracy.  Beside the speaker stand the simple
baselines, and true lips of which another sentence is asked: what guessing finds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.errors import AvatarError
from avatar.evaluation.baselines import Method, baselines, speaker_method
from avatar.evaluation.composites import composite_frames
from avatar.evaluation.test_set import EvaluationSet
from avatar.models.word_reader import WordReader
from avatar.speakers.speaker import Speaker
from avatar.training.clips import clip_ranges
from avatar.training.lip_reading.filmed_sentences import FilmedSentence
from avatar.training.lip_reading.mouth_crops import mouth_crop, mouth_placement
from avatar.training.lip_reading.reading import right_words
from avatar.training.lip_reading.spoken_words import PLACES, Sentence

TRUTH, WRONG = "true lips", "true lips, wrong sentence"
RESAMPLED = 2000  # times that the clips are drawn anew
LIKELY = (2.5, 97.5)  # percentiles of an interval

Progress = Callable[[str, int, int], None]
Interval = tuple[float, float]


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

    speaker: str
    clips: list[str]
    readings: list[Reading]

    def as_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return asdict(self)


def readability(
    speaker: Speaker,
    beside: Sequence[Speaker],
    test_set: EvaluationSet,
    said: Sequence[tuple[str, Sentence]],
    reader: WordReader,
    work: Path,
    device: str,
    progress: Progress,
) -> Readability:
    """Read the speaker, other bundles `beside` it and the baselines.

    `said` names each clip of the test set and what is said in it.
    """
    true = _true_lips(test_set, said)
    ideal = right_words(reader, true)
    if not ideal.any():
        raise AvatarError("the reader reads no word off the true lips; train it on this person")
    rights = {TRUTH: ideal, WRONG: right_words(reader, _exchanged(true))}
    methods = [
        *(speaker_method(bundle, test_set, device) for bundle in (speaker, *beside)),
        *baselines(speaker, test_set, work, device),
    ]
    for method in methods:
        made = _made_lips(method, test_set, true, progress)
        rights[method.name] = right_words(reader, made)
    readings = [_reading(name, right, ideal) for name, right in rights.items()]
    return Readability(speaker.name, [name for name, _ in said], readings)


def sentences_of(
    videos: Sequence[Path], test_set: EvaluationSet, known: Mapping[str, Sentence]
) -> list[tuple[str, Sentence]]:
    """What is said in each video.  Raises AvatarError where that is not known."""
    for video in videos:
        if video.stem not in known:
            raise AvatarError(f"{video}: --words does not say what is spoken in it")
    if len(clip_ranges(test_set.tracked.clip)) != len(videos):
        raise AvatarError("a video with a cut in it cannot be read; give whole takes alone")
    return [(video.stem, known[video.stem]) for video in videos]


def _true_lips(
    test_set: EvaluationSet, said: Sequence[tuple[str, Sentence]]
) -> list[FilmedSentence]:
    tracked = test_set.tracked
    clips = []
    for (start, stop), (name, words) in zip(clip_ranges(tracked.clip), said, strict=True):
        placement = _placement(test_set, start, stop, name)
        mouths = np.stack([*map(mouth_crop, tracked.frames[start:stop], placement)])
        clips.append(FilmedSentence(name, mouths, words))
    return clips


def _placement(test_set: EvaluationSet, start: int, stop: int, name: str) -> NDArray[np.float32]:
    """Where the mouth is in the frames of a clip, by the landmarks of the true video."""
    tracked, usable = test_set.tracked, test_set.tracked.usable[start:stop]
    if not usable.any():
        raise AvatarError(f"{name}: no face that can be followed; leave this video out")
    seen = usable[:, None, None]
    return mouth_placement(np.where(seen, tracked.landmarks[start:stop], np.nan))


def _made_lips(
    method: Method,
    test_set: EvaluationSet,
    true: Sequence[FilmedSentence],
    progress: Progress,
) -> list[FilmedSentence]:
    """The same clips with the lips of a method, cut in the same places."""
    ranges = clip_ranges(test_set.tracked.clip)
    places = np.concatenate(
        [_placement(test_set, *ends, clip.name) for ends, clip in zip(ranges, true, strict=True)]
    )
    mouths = np.concatenate([clip.mouths for clip in true])
    frames = composite_frames(method, test_set)
    for done, (row, frame) in enumerate(zip(test_set.rows, frames, strict=True), start=1):
        mouths[row] = mouth_crop(frame, places[row])
        progress(method.name, done, len(test_set.rows))
    return [
        replace(clip, mouths=mouths[start:stop])
        for clip, (start, stop) in zip(true, ranges, strict=True)
    ]


def _exchanged(clips: Sequence[FilmedSentence]) -> list[FilmedSentence]:
    """Each sentence with the mouths of the next clip."""
    return [
        replace(clip, mouths=clips[(number + 1) % len(clips)].mouths)
        for number, clip in enumerate(clips)
    ]


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
