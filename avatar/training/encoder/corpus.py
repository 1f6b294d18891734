"""A folder of recorded speech with phone times.

The folder holds one table `*.tsv` with the columns utt, speaker, split (train or held),
align_score, text and phones_ms (`PH:start-end ...`, ARPAbet and SIL, milliseconds), and the sound
of each utterance as `<name of the table>/<speaker>/<utt>.<any format PyAV reads>`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avatar.audio import load_sound
from avatar.errors import AvatarError
from avatar.media.samples import Samples
from avatar.training.encoder.phones import PHONE_INDEX, Phone

WORST = 0.04  # share of the training utterances, those of the lowest alignment score, left out
COLUMNS = {"utt", "speaker", "split", "align_score", "text", "phones_ms"}


@dataclass(frozen=True)
class Utterance:
    """One recording and what is said in it when."""

    name: str
    voice: str
    held: bool
    """Kept out of training."""
    text: str
    phones: tuple[Phone, ...]
    sound: Path

    def load(self) -> Samples:
        """(samples,) at 16 kHz."""
        return load_sound(self.sound)


@dataclass(frozen=True)
class AlignedSpeech:
    """Sound and phone times at hand."""

    voice: str
    samples: Samples
    phones: tuple[Phone, ...]


def read_folder(folder: Path) -> list[Utterance]:
    """Every usable utterance. Raises AvatarError if the folder is not as described above."""
    tables = sorted(folder.glob("*.tsv"))
    if not tables:
        raise AvatarError(f"{folder}: holds no .tsv of utterances; docs/speech.md says the format")
    return [utterance for table in tables for utterance in _read_table(table)]


def _read_table(table: Path) -> Iterator[Utterance]:
    with table.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        missing = COLUMNS - set(reader.fieldnames or ())
        if missing:
            raise AvatarError(f"{table}: lacks the columns {', '.join(sorted(missing))}")
        rows = list(reader)
    sounds = {path.stem: path for path in table.with_suffix("").rglob("*.*")}
    train = [float(row["align_score"]) for row in rows if row["split"] != "held"]
    worst = float(np.quantile(train, WORST)) if train else 0.0
    for row in rows:
        held = row["split"] == "held"
        if row["utt"] not in sounds:
            raise AvatarError(f"{table}: utterance {row['utt']} has no sound file beside the table")
        if held or float(row["align_score"]) >= worst:
            yield Utterance(
                row["utt"], row["speaker"], held, row["text"], _phones(row), sounds[row["utt"]]
            )


def _phones(row: dict[str, str]) -> tuple[Phone, ...]:
    try:
        return tuple(_phone(item) for item in row["phones_ms"].split())
    except (ValueError, KeyError) as error:
        raise AvatarError(f"utterance {row['utt']}: bad phone times ({error})") from error


def _phone(item: str) -> Phone:
    name, times = item.split(":")
    start, end = times.split("-")
    if name not in PHONE_INDEX:
        raise KeyError(name)
    return Phone(name, int(start) / 1000, int(end) / 1000)
