"""Words read off a drawn speaker's lips, off true ones, and off the baselines'."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from avatar.errors import AvatarError
from avatar.evaluation.mouths import TRUE_LIPS, mouths_of_methods
from avatar.evaluation.readability import (
    WRONG_SENTENCE,
    Readability,
    Said,
    readability,
    sentences_of,
)
from avatar.evaluation.table import readability_table
from avatar.evaluation.test_set import EvaluationSet, held_out_set
from avatar.models.word_reader import WordReader, WordReaderConfig
from avatar.speakers.speaker import Speaker
from avatar.training.lip_reading.mouth_crops import CROP, Crops
from avatar.training.lip_reading.spoken_words import PLACES, SpokenWord

SHUT, OPEN = "shut", "open"
LIGHT = {SHUT: 200, OPEN: 60}  # levels of a mouth


class Peeper(WordReader):
    """A word is open if its middle shows a darker mouth than most of the sentence's words do."""

    def forward(self, mouths: torch.Tensor, spans: torch.Tensor) -> list[torch.Tensor]:
        at = spans.mean(dim=-1).long()
        inner = mouths[..., 20:28, 24:40].mean(dim=(2, 3))
        light = torch.gather(inner, 1, at)
        bright = light.sort(dim=1).values
        seen = 20 * (bright[:, 2:4].mean(dim=1, keepdim=True) - light)
        return [torch.stack([-seen[:, place], seen[:, place]], 1) for place in range(len(PLACES))]


def quiet(*_: object) -> None:
    pass


@pytest.fixture(scope="module")
def test_set(speaker: Speaker, work: Path) -> EvaluationSet:
    return held_out_set(speaker, work)


@pytest.fixture(scope="module")
def said(test_set: EvaluationSet) -> Said:
    """What the mouth does at six moments of the held-out part, as words."""
    moments = test_set.rows[4:-4:6][: len(PLACES)]
    apart = float(np.median(test_set.tracked.aperture[moments]))
    words = [OPEN if test_set.tracked.aperture[row] > apart else SHUT for row in moments]
    return [
        ("drawn", tuple(SpokenWord(w, r, r + 1.0) for w, r in zip(words, moments, strict=True)))
    ]


@pytest.fixture(scope="module")
def mouths(speaker: Speaker, work: Path, test_set: EvaluationSet) -> dict[str, list[Crops]]:
    return mouths_of_methods(speaker, [], test_set, work, "cpu", quiet)


@pytest.fixture(scope="module")
def found(mouths: dict[str, list[Crops]], said: Said) -> Readability:
    reader = Peeper(WordReaderConfig(((SHUT, OPEN),) * len(PLACES))).eval()
    return readability(reader, mouths, said)


def test_true_lips_are_read_and_still_ones_are_not(found: Readability) -> None:
    rows = {row.name: row for row in found.readings}
    assert list(rows) == [
        TRUE_LIPS,
        WRONG_SENTENCE,
        "drawn",
        "still mouth",
        "mean lips",
        "nearest frame",
    ]
    assert rows[TRUE_LIPS].words == 1
    assert rows[TRUE_LIPS].relative == 1
    assert rows["still mouth"].words == 0.5  # half of the words are shut
    assert rows["still mouth"].relative == 0.5
    assert list(rows[TRUE_LIPS].accuracy) == list(PLACES)


def test_the_table_and_the_file_hold_all_methods(found: Readability) -> None:
    values = json.loads(json.dumps(found.as_json()))
    assert values["clips"] == ["drawn"]
    assert len(values["readings"]) == 6
    console = Console(width=200, record=True, file=None)
    console.print(readability_table("drawn", found))
    text = console.export_text()
    assert "nearest frame" in text
    assert "1.00 (1.00-1.00)" in text


def test_videos_of_unknown_words_and_cut_ones_are_refused(
    mouths: dict[str, list[Crops]], said: Said
) -> None:
    with pytest.raises(AvatarError, match=r"b\.mp4: --words does not say"):
        sentences_of([Path("b.mp4")], dict(said))
    with pytest.raises(AvatarError, match="videos with cuts"):
        readability(WordReader(WordReaderConfig((("a",),))), mouths, [*said, *said])


def test_lips_of_a_wrong_sentence_are_not_the_neighbours_who_say_the_same() -> None:
    """Clips stand in the order of their names, which GRID makes of what is said."""
    sentences = [(SHUT, OPEN) * 3] * 2 + [(OPEN, SHUT) * 3] * 3
    said = [
        (f"clip {number}", tuple(SpokenWord(word, at, at + 0.5) for at, word in enumerate(words)))
        for number, words in enumerate(sentences)
    ]
    clips = [
        np.stack([np.full(CROP, LIGHT[word], np.uint8) for word in words]) for words in sentences
    ]
    reader = Peeper(WordReaderConfig(((SHUT, OPEN),) * len(PLACES))).eval()
    rows = {row.name: row for row in readability(reader, {TRUE_LIPS: clips}, said).readings}
    assert rows[TRUE_LIPS].words == 1
    assert rows[WRONG_SENTENCE].words == pytest.approx(1 / 5)  # an odd one of five meets its like


def test_a_reader_that_reads_nothing_is_no_judge(
    mouths: dict[str, list[Crops]], said: Said
) -> None:
    blind = WordReader(WordReaderConfig((("other", "words"),) * len(PLACES))).eval()
    with pytest.raises(AvatarError, match="reads no word off the true lips"):
        readability(blind, mouths, said)
