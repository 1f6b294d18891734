"""Blinks in a bundle: kept, not needed, and checked like the rest of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from avatar.errors import AvatarError
from avatar.speakers.bundle import sha256
from avatar.speakers.card import EYES, FileRecord, read_card, write_card
from avatar.speakers.eyes import Eyes, write_eyes
from avatar.speakers.speaker import load_speaker
from tests.tiny_speaker import FRAMES, make_tiny_bundle


def some_eyes() -> Eyes:
    return Eyes(
        origin=torch.tensor([30, 40]),
        mask=torch.ones(10, 60),
        pictures=torch.rand(5, 3, 10, 60, generator=torch.Generator().manual_seed(1)),
        closed=torch.linspace(0, 1, 5),
        ends=torch.tensor([2, 5]),
        openness=torch.ones(FRAMES),
    )


def with_eyes(folder: Path, eyes: Eyes) -> Path:
    make_tiny_bundle(folder)
    path = folder / EYES
    write_eyes(path, eyes)
    card = read_card(folder)
    record = FileRecord(EYES, path.stat().st_size, sha256(path))
    write_card(folder, replace(card, files=(*card.files, record)))
    return folder


def test_eyes_are_read_as_they_were_written_and_need_not_be_there(tmp_path: Path) -> None:
    assert load_speaker(make_tiny_bundle(tmp_path / "plain")).eyes is None
    eyes = load_speaker(with_eyes(tmp_path / "blinking", some_eyes())).eyes
    assert eyes
    assert eyes.blinks == [range(2), range(2, 5)]
    assert torch.allclose(eyes.pictures, some_eyes().pictures, atol=1e-3)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda eyes: replace(eyes, origin=torch.tensor([100, 40])),
        lambda eyes: replace(eyes, origin=torch.tensor([-1, 40])),
        lambda eyes: replace(eyes, ends=torch.tensor([2, 4])),
        lambda eyes: replace(eyes, ends=torch.tensor([2, 2, 5])),
        lambda eyes: replace(eyes, ends=torch.zeros(0, dtype=torch.int64)),
        lambda eyes: replace(eyes, openness=torch.ones(FRAMES - 1)),
        lambda eyes: replace(eyes, closed=torch.ones(4)),
        lambda eyes: replace(eyes, mask=torch.ones(1, 10, 60)),
        lambda eyes: replace(eyes, pictures=eyes.pictures / 0),
    ],
)
def test_eyes_that_are_none_are_refused(tmp_path: Path, spoil: Callable[[Eyes], Eyes]) -> None:
    folder = with_eyes(tmp_path / "blinking", spoil(some_eyes()))
    with pytest.raises(AvatarError, match=r"eyes\.safetensors"):
        load_speaker(folder)


def test_eyes_that_the_card_does_not_name_do_not_belong(tmp_path: Path) -> None:
    folder = make_tiny_bundle(tmp_path / "plain")
    write_eyes(folder / EYES, some_eyes())
    with pytest.raises(AvatarError, match="does not belong in a speaker"):
        load_speaker(folder)
