"""The visible label as it is found again, in real files that FFmpeg wrote and changed."""

from pathlib import Path

import pytest

from streaming.benchmark.watermark_attacks import VP8, Attack, carry_out
from streaming.marks.label import Label
from streaming.marks.verify import verify
from tests.streaming.support.scenery import scenery


@pytest.mark.parametrize("word", ["AI", "KI", "IA"])
@pytest.mark.parametrize(
    "attack",
    [
        Attack("x264", bitrate=200_000),
        Attack("half", "scale=192:192", codec=VP8, bitrate=200_000),
        Attack("double", "scale=768:768"),
        Attack("boxed", "pad=640:480:-1:-1"),
    ],
    ids=lambda value: value.name if isinstance(value, Attack) else value,
)
def test_the_label_is_found_and_read_after(word: str, attack: Attack, tmp_path: Path) -> None:
    carry_out(attack, map(Label(word), scenery(12)), tmp_path / "film.mkv")
    found = verify(tmp_path / "film.mkv")
    assert found.label.word == word
    assert found.found
    assert found.values()["label"]["word"] == word
    assert f"Label: {word} in the upper right corner" in found.words()[2]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_none_is_found_where_none_is(seed: int, tmp_path: Path) -> None:
    carry_out(Attack("x264"), scenery(12, seed=seed), tmp_path / "film.mkv")
    found = verify(tmp_path / "film.mkv")
    assert not found.label.found
    assert found.label.score < 0.7
    assert found.words()[2] == "Label: none seen in the upper right corner."


def test_a_label_that_is_seen_only_now_and_then_does_not_count(tmp_path: Path) -> None:
    label, pictures = Label("AI"), scenery(52)
    film = pictures * 4 + [label(picture) for picture in pictures[:50]]
    carry_out(Attack("x264"), film, tmp_path / "film.mkv")
    found = verify(tmp_path / "film.mkv").label
    assert found.score > 0.8
    assert not found.found
