"""Expressions in a bundle: kept, not needed, and checked like the rest of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from avatar.errors import AvatarError
from avatar.speakers.bundle import sha256
from avatar.speakers.card import EXPRESSIONS, FileRecord, read_card, write_card
from avatar.speakers.expressions import Expression, write_expressions
from avatar.speakers.speaker import load_speaker
from tests.tiny_speaker import make_smiling_bundle, make_tiny_bundle, tiny_smile


def test_expressions_are_read_as_they_were_written_and_need_not_be_there(tmp_path: Path) -> None:
    assert load_speaker(make_tiny_bundle(tmp_path / "plain")).expressions == {}
    speaker = load_speaker(make_smiling_bundle(tmp_path / "smiling"))
    assert speaker.card.expressions == ("smile",)
    smile = speaker.expressions["smile"]
    assert torch.equal(smile.origin, tiny_smile().origin)
    assert torch.allclose(smile.back, tiny_smile().back, atol=1e-2)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda smile: replace(smile, origin=torch.tensor([120, 80])),
        lambda smile: replace(smile, origin=torch.tensor([-1, 80])),
        lambda smile: replace(smile, back=smile.back[:, :4, :4], light=smile.light[:, :4, :4]),
        lambda smile: replace(smile, back=smile.back[:1]),
        lambda smile: replace(smile, light=smile.light[..., :-1]),
        lambda smile: replace(smile, back=20 * smile.back),
        lambda smile: replace(smile, light=smile.light + 0.6),
        lambda smile: replace(smile, light=smile.light / 0),
    ],
)
def test_expressions_that_are_none_are_refused(
    tmp_path: Path, spoil: Callable[[Expression], Expression]
) -> None:
    folder = make_tiny_bundle(tmp_path / "smiling")
    write_expressions(folder / EXPRESSIONS, {"smile": spoil(tiny_smile())})
    with_card(folder, ("smile",))
    with pytest.raises(AvatarError, match=r"expressions\.safetensors"):
        load_speaker(folder)


@pytest.mark.parametrize("named", [(), ("brows",), ("smile", "smile")])
def test_a_card_names_what_the_file_holds(tmp_path: Path, named: tuple[str, ...]) -> None:
    folder = make_smiling_bundle(tmp_path / "smiling")
    write_card(folder, replace(read_card(folder), expressions=named))  # type: ignore[arg-type]
    with pytest.raises(AvatarError, match="expressions"):
        load_speaker(folder)


def test_an_expression_that_no_face_knows_is_refused(tmp_path: Path) -> None:
    folder = make_smiling_bundle(tmp_path / "smiling")
    card = folder / "speaker.yaml"
    card.write_text(card.read_text().replace("- smile", "- wink"))
    with pytest.raises(AvatarError, match="'wink' is not of the kind"):
        load_speaker(folder)


def with_card(folder: Path, expressions: tuple[str, ...]) -> None:
    card, path = read_card(folder), folder / EXPRESSIONS
    record = FileRecord(EXPRESSIONS, path.stat().st_size, sha256(path))
    named = replace(card, files=(*card.files, record), expressions=expressions)  # type: ignore[arg-type]
    write_card(folder, named)
