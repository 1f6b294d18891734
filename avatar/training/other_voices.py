"""Speech of other voices with phone times: what a speaker learns to follow any voice from.

Two synthesisers speak on the spot, and a folder of recorded speech may join them. Noises, babble of
the same voices above all, teach when nobody is to be followed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from avatar.media.samples import Samples
from avatar.training.encoder.corpus import Utterance, read_folder
from avatar.training.encoder.noises import GENERATED
from avatar.training.encoder.prepare import (
    HELD_FLITE,
    Pair,
    clean_speech,
    damaged_speech,
    espeak_speech,
    flite_speech,
    noises,
    seeded,
)
from avatar.training.encoder.shards import Shard, pack
from avatar.training.encoder.text_to_speech import FLITE_VOICES
from avatar.training.lip_data import Progress

SENTENCES = Path(__file__).with_name("sentences.txt")
SYNTHETIC = 250  # sentences by each of the two synthesisers
RECORDED = 900  # recordings used of a folder, at most
DAMAGED = 3  # one of so many recordings is heard through a bad call
NOISES = 160  # pieces of 20 s
BABBLE = 2  # one of so many pieces is a babble of voices
BABBLERS = 200  # utterances that babble is mixed of, at most


@dataclass(frozen=True)
class OtherSounds:
    """Log-mels, phones and mouths of others' speech, and of noises."""

    speech: Shard
    noise: Shard


def other_sounds(recorded: Path | None, folder: Path, mels: int, progress: Progress) -> OtherSounds:
    """Speech and noise as log-mels of `mels` bands; made once, then read from `folder`.

    `recorded` is a folder as `avatar train-encoder` takes it. Raises AvatarError where a
    synthesiser is not installed or the folder is not as it should be.
    """
    speech, noise = folder / "speech.npz", folder / "noise.npz"
    if not (speech.exists() and noise.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        recordings = _chosen(recorded) if recorded else []
        total = 2 * SYNTHETIC + len(recordings)
        babblers: list[Samples] = []
        pairs = _overheard(chain(_heard(recordings), _synthetic()), babblers)
        pack(_counted(pairs, "other voices", total, progress), mels).save(speech)
        pieces = noises(babblers, NOISES, GENERATED, BABBLE, seeded("noises"))
        pack(_counted(pieces, "noises", NOISES, progress), mels).save(noise)
    return OtherSounds(Shard.load(speech), Shard.load(noise))


def _synthetic() -> Iterator[Pair]:
    texts = SENTENCES.read_text(encoding="utf-8").splitlines()
    random = seeded("other voices")
    voices = [voice for voice in FLITE_VOICES if voice != HELD_FLITE]
    yield from espeak_speech(texts, False, SYNTHETIC, random)
    yield from flite_speech(texts, voices, SYNTHETIC, random)


def _chosen(folder: Path) -> list[Utterance]:
    """Recordings that may be learned from, drawn evenly."""
    usable = [utterance for utterance in read_folder(folder) if not utterance.held]
    rows = np.linspace(0, len(usable) - 1, min(RECORDED, len(usable))).astype(int)
    return [usable[row] for row in rows]


def _heard(recordings: list[Utterance]) -> Iterator[Pair]:
    yield from clean_speech([u for n, u in enumerate(recordings) if n % DAMAGED])
    yield from damaged_speech(recordings[::DAMAGED], seeded("bad calls"))


def _overheard(pairs: Iterator[Pair], babblers: list[Samples]) -> Iterator[Pair]:
    """Keep what the first of them say, people rather than synthesisers, to mix babble of."""
    for spoken, sound in pairs:
        if len(babblers) < BABBLERS:
            babblers.append(spoken.samples)
        yield spoken, sound


def _counted(pairs: Iterator[Pair], what: str, total: int, progress: Progress) -> Iterator[Pair]:
    for count, pair in enumerate(pairs):
        progress(what, count, total)
        yield pair
    progress(what, total, total)
