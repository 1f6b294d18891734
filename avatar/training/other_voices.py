"""Speech of other voices with phone times: what a speaker learns to follow any voice from.

Two synthesisers speak on the spot, and a folder of recorded speech may join them.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from avatar.training.encoder.corpus import Utterance, read_folder
from avatar.training.encoder.prepare import (
    HELD_FLITE,
    Pair,
    clean_speech,
    damaged_speech,
    espeak_speech,
    flite_speech,
    seeded,
)
from avatar.training.encoder.shards import Shard, pack
from avatar.training.encoder.text_to_speech import FLITE_VOICES
from avatar.training.lip_data import Progress

SENTENCES = Path(__file__).with_name("sentences.txt")
SYNTHETIC = 250  # sentences by each of the two synthesisers
RECORDED = 900  # recordings used of a folder, at most
DAMAGED = 3  # one of so many recordings is heard through a bad call


def other_voices(recorded: Path | None, cache: Path, mels: int, progress: Progress) -> Shard:
    """Log-mels of `mels` bands, phones and mouths; made once, then read from `cache`.

    `recorded` is a folder as `avatar train-encoder` takes it. Raises AvatarError where a
    synthesiser is not installed or the folder is not as it should be.
    """
    if not cache.exists():
        recordings = _chosen(recorded) if recorded else []
        total = 2 * SYNTHETIC + len(recordings)
        pairs = chain(_synthetic(), _heard(recordings))
        cache.parent.mkdir(parents=True, exist_ok=True)
        pack(_counted(pairs, total, progress), mels).save(cache)
    return Shard.load(cache)


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


def _counted(pairs: Iterator[Pair], total: int, progress: Progress) -> Iterator[Pair]:
    for count, pair in enumerate(pairs):
        progress("other voices", count, total)
        yield pair
    progress("other voices", total, total)
