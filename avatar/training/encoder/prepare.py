"""Everything the encoder is trained and judged on, as shards in a work folder; resumable."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator

from avatar.media.samples import Samples
from avatar.training.encoder.channel import damage
from avatar.training.encoder.corpus import AlignedSpeech, Utterance
from avatar.training.encoder.lip_measures import Measures
from avatar.training.encoder.noises import GENERATED, Maker, babble, music
from avatar.training.encoder.shards import pack
from avatar.training.encoder.text_to_speech import (
    ACCENTS,
    FLITE_VOICES,
    VARIANTS,
    Espeak,
    SpeakingStyle,
    flite,
)

HELD_VARIANTS = frozenset({"f3", "m5", "anika", "Alicia", "edward", "steph", "benjamin", "grandma"})
HELD_FLITE = "slt"
NOISE_SECONDS = 20.0
WORDS = 9  # of a scrambled sentence
TAUGHT = ("real", "tts")  # what the names of shards begin with whose lips a teacher may know

Report = Callable[[str, float], None]


@dataclass(frozen=True)
class Amounts:
    """How much of each kind of sound is made."""

    mels: int = 64
    damaged: int = 1
    """Damaged versions of every recording, beside the clean one."""
    espeak: int = 1600
    """Sentences."""
    flite: int = 1800
    noises: int = 240
    """Pieces of 20 s."""
    held_speech: int = 240
    """Sentences of the held synthetic voices."""


def prepare(
    utterances: Sequence[Utterance],
    folder: Path,
    amounts: Amounts,
    tell: Report,
    teach: Callable[[Samples], Measures] | None = None,
) -> None:
    """Write the shards that are not there yet; `tell` hears each one's name and share done.

    Names that begin with `held` are kept out of training, both voices and noises. `teach` says
    what lips do to the speech to learn from; the rules of articulation say it of all else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, pairs, count in _tasks(utterances, amounts):
        path = folder / f"{name}.npz"
        if not path.exists():
            taught = teach if name.startswith(TAUGHT) else None
            pack(_counted(pairs, name, count, tell), amounts.mels, taught).save(path)


Pair = tuple[AlignedSpeech, Samples]


def _tasks(
    utterances: Sequence[Utterance], amounts: Amounts
) -> Iterator[tuple[str, Iterator[Pair], int]]:
    train = [utterance for utterance in utterances if not utterance.held]
    held = [utterance for utterance in utterances if utterance.held]
    yield "held-real", clean_speech(held), len(held)
    yield "real-clean", clean_speech(train), len(train)
    count = amounts.noises
    yield "noise", _noises(train, count, GENERATED, 3, seeded("noise")), count
    hard = _noises(train, count // 2, (music,), 2, seeded("noise-hard"))
    yield "noise-hard", hard, count // 2
    held_noises = _noises(held, count // 8, GENERATED, 3, seeded("held-noise"))
    yield "held-noise", held_noises, count // 8
    voices = [voice for voice in FLITE_VOICES if voice != HELD_FLITE]
    texts = [utterance.text for utterance in train]
    yield "tts-flite", flite_speech(texts, voices, amounts.flite, seeded("flite")), amounts.flite
    count = amounts.espeak
    yield "tts-espeak", espeak_speech(texts, False, count, seeded("espeak")), count
    held_texts = [utterance.text for utterance in held]
    yield "held-tts", held_voices(held_texts, amounts.held_speech), amounts.held_speech
    for version in range(amounts.damaged):
        name = f"real-damaged-{version}"
        yield name, damaged_speech(train, seeded(name)), len(train)
    yield "held-damaged", damaged_speech(held, seeded("held-damaged")), len(held)


def _counted(pairs: Iterator[Pair], name: str, count: int, tell: Report) -> Iterator[Pair]:
    for index, pair in enumerate(pairs):
        tell(name, index / count)
        yield pair
    tell(name, 1.0)


def clean_speech(utterances: Sequence[Utterance]) -> Iterator[Pair]:
    """Each recording as it is."""
    for utterance in utterances:
        samples = utterance.load()
        yield AlignedSpeech(utterance.voice, samples, utterance.phones), samples


def damaged_speech(utterances: Sequence[Utterance], random: Generator) -> Iterator[Pair]:
    """Each recording after a walk through a room and a call."""
    for spoken, samples in clean_speech(utterances):
        yield spoken, damage(samples, random)


def flite_speech(
    texts: Sequence[str], voices: Sequence[str], count: int, random: Generator
) -> Iterator[Pair]:
    """`count` sentences by these voices of flite's, half of them damaged."""
    for index in range(count):
        text, manner = _sentence(texts, random), _manner(random)
        yield from _heard(flite(text, voices[index % len(voices)], manner), random)


def espeak_speech(
    texts: Sequence[str], held: bool, count: int, random: Generator
) -> Iterator[Pair]:
    """`count` sentences by espeak-ng's held voices or the others, half of them damaged."""
    espeak = Espeak()
    variants = [variant for variant in VARIANTS if (variant in HELD_VARIANTS) == held]
    for index in range(count):
        voice = f"{random.choice(ACCENTS)}+{variants[index % len(variants)]}"
        text, manner = _sentence(texts, random), _manner(random)
        yield from _heard(espeak.speak(text, voice, manner), random)


def held_voices(texts: Sequence[str], count: int) -> Iterator[Pair]:
    """`count` clean sentences by synthetic voices that nothing is trained on."""
    random = seeded("held-tts")
    for spoken, _ in espeak_speech(texts, True, count * 3 // 4, random):
        yield spoken, spoken.samples
    for spoken, _ in flite_speech(texts, [HELD_FLITE], count // 4, random):
        yield spoken, spoken.samples


def _heard(spoken: AlignedSpeech | None, random: Generator) -> Iterator[Pair]:
    if spoken is not None:
        damaged = random.random() < 0.5
        yield spoken, damage(spoken.samples, random) if damaged else spoken.samples


def _noises(
    sources: Sequence[Utterance],
    count: int,
    makers: Sequence[Maker],
    every: int,
    random: Generator,
) -> Iterator[Pair]:
    some = random.choice(len(sources), min(len(sources), 200), replace=False)
    yield from noises([sources[index].load() for index in some], count, makers, every, random)


def noises(
    voices: Sequence[Samples],
    count: int,
    makers: Sequence[Maker],
    every: int,
    random: Generator,
) -> Iterator[Pair]:
    """`count` pieces of noise: every so many a babble of these voices, the rest by the makers."""
    for index in range(count):
        if index % every == 0:
            sound = babble(voices, NOISE_SECONDS, random)
        else:
            make = makers[int(random.integers(len(makers)))]
            sound = make(NOISE_SECONDS, random)
        yield AlignedSpeech("", sound, ()), sound


def _sentence(texts: Sequence[str], random: Generator) -> str:
    """One of the texts, or words of several scrambled: more pairs of phones."""
    first = texts[int(random.integers(len(texts)))]
    if random.random() < 0.4:
        return first.lower()
    words = " ".join(texts[int(random.integers(len(texts)))] for _ in range(4)).split()
    return " ".join(random.permutation(words)[:WORDS]).lower()


def _manner(random: Generator) -> SpeakingStyle:
    return SpeakingStyle(rate=random.uniform(0.75, 1.3), pitch=random.uniform(0.15, 0.9))


def seeded(name: str) -> Generator:
    """Always the same randomness for the same name."""
    return np.random.default_rng(zlib.crc32(name.encode()))
