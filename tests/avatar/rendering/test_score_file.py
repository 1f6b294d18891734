"""Scores as people and spreadsheets write them."""

from pathlib import Path

import pytest

from avatar.errors import AvatarError
from avatar.gestures import Gesture
from avatar.rendering.score_file import read_score


def test_a_score_is_read_as_it_is_typed(tmp_path: Path) -> None:
    path = tmp_path / "score.csv"
    path.write_text(
        "seconds, gesture\n# twice\n1.5, nod\n3, Look, -0.8, 2\n4 tilt 0.5\n5 smile 1\n"
    )
    assert list(read_score(path)) == [
        (1.5, Gesture("nod")), (3.0, Gesture("look", -0.8, 2.0)), (4.0, Gesture("tilt", 0.5)),
        (5.0, Gesture("smile")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\n", "line 1: needs seconds, gesture"),
        ("nod, 1\n1, nod\n", "line 1: needs seconds, gesture"),
        ("1, nod, 1, 1, 1\n", "line 1: needs seconds, gesture"),
        ("1, wink\n", "line 1: gestures are nod, shake, tilt, look, lean, smile, brows"),
        ("1, nod, 2\n", "line 1: strength reaches from -1 to 1"),
        ("1, nod, nan\n", "line 1: strength reaches from -1 to 1"),
        ("-1, nod\n", "line 1: seconds are counted from 0"),
        ("inf, nod\n", "line 1: seconds are counted from 0"),
        ("1, smile, -0.5\n", "line 1: the strength of smile reaches from 0 to 1"),
        ("1, nod, 1, 20\n", "line 1: a gesture takes 0.3 to 10 seconds"),
        ("1, nod, 1, 0\n", "line 1: a gesture takes 0.3 to 10 seconds"),
        ("# nothing\n", "holds no gesture"),
    ],
)
def test_bad_scores(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "score.csv"
    path.write_text(text)
    with pytest.raises(AvatarError, match=message):
        read_score(path)
    with pytest.raises(AvatarError, match="cannot be read as a score"):
        read_score(tmp_path / "absent.csv")
