"""A small reader learns drawn lips in seconds, and reads those that it never saw."""

from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.errors import AvatarError
from avatar.models.word_reader import VIEW, WordReader, WordReaderConfig
from avatar.training.fit import Budget, fit
from avatar.training.lip_reading.mouth_changes import LENGTH, another_take
from avatar.training.lip_reading.network_file import load_network, save_network
from avatar.training.lip_reading.reader_task import ReaderTask, held_apart
from avatar.training.lip_reading.reading import read_words, right_words
from avatar.training.lip_reading.spoken_words import PLACES
from tests.avatar.training.lip_reading.drawn_sentences import drawn_sentences, sentence


def quiet(*_: object) -> None:
    pass


def test_words_are_read_off_lips_never_seen(tmp_path: Path) -> None:
    learned, held = held_apart(drawn_sentences(40))
    assert (len(learned), len(held)) == (36, 4)
    task = ReaderTask(learned)
    fit(task, Budget(steps=20), tmp_path, 0, quiet)
    assert right_words(task.reader, held).mean() > 0.8


def test_a_reader_is_the_same_once_it_was_kept(tmp_path: Path) -> None:
    task = ReaderTask(drawn_sentences(3))
    path = tmp_path / "reader.safetensors"
    save_network(task.reader, task.reader.config, path)
    found = load_network(WordReader, WordReaderConfig, path, "train-reader")
    assert found.config == task.reader.config
    mouths, spans = torch.rand(1, 30, *VIEW), torch.tensor([[[3.0, 6.0]] * len(PLACES)])
    for kept, made in zip(found(mouths, spans), task.reader.eval()(mouths, spans), strict=True):
        torch.testing.assert_close(kept, made)


def test_light_and_contrast_do_not_matter() -> None:
    reader = WordReader(WordReaderConfig((("a", "b"),))).eval()
    mouths, spans = torch.rand(1, 30, *VIEW), torch.tensor([[[10.0, 16.0]]])
    (bright,) = reader(mouths, spans)
    (dark,) = reader(0.2 + 0.5 * mouths, spans)
    torch.testing.assert_close(bright, dark, atol=2e-3, rtol=0)


def test_a_word_at_the_edge_of_a_clip_is_read() -> None:
    (clip,) = drawn_sentences(1)
    task = ReaderTask([clip])
    late = sentence([word.word for word in clip.words], first=len(clip.mouths) + 40)
    read = read_words(task.reader.eval(), type(clip)("late", clip.mouths, late))
    assert len(read) == len(PLACES)


def test_another_take_says_the_same_words_at_its_own_times() -> None:
    clips = drawn_sentences(8, seed=3)
    mouths, spans = another_take(clips, torch.Generator().manual_seed(0))
    assert mouths.shape == (8, LENGTH, *VIEW)
    assert 0 <= float(mouths.min()) <= float(mouths.max()) <= 1
    dark = (mouths < 0.35).float().mean(dim=(2, 3))
    for number, clip in enumerate(clips):
        shown = [float(dark[number, round(float(a + b) / 2)]) for a, b in spans[number]]
        by_word: dict[str, list[float]] = {}
        for word, share in zip(clip.words, shown, strict=True):
            by_word.setdefault(word.word, []).append(share)
        means = [np.mean(by_word[word]) for word in ("shut", "ajar", "wide") if word in by_word]
        assert means == sorted(means)


@pytest.mark.parametrize("content", [None, b"", b"no weights at all", b"\x08" + bytes(64)])
def test_what_is_no_reader_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "reader.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AvatarError, match="not what avatar train-reader writes"):
        load_network(WordReader, WordReaderConfig, path, "train-reader")
