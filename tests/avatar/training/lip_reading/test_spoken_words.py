"""Tables of words, and GRID's own alignments."""

from pathlib import Path

import pytest

from avatar.errors import AvatarError
from avatar.training.lip_reading.spoken_words import SpokenWord, read_sentences

LINE = "x1\tbin:24-30 blue:30-34 at:34-36 sp:36-37 f:37-41 two:41-47 now:47-53\n"


def test_a_table_and_a_folder_with_it_say_the_same(tmp_path: Path) -> None:
    table = tmp_path / "words.tsv"
    table.write_text("clip\twords\n" + LINE)
    found = read_sentences(table)
    assert found == read_sentences(tmp_path)
    assert found["x1"][0] == SpokenWord("bin", 24, 30)
    assert [word.word for word in found["x1"]] == ["bin", "blue", "at", "f", "two", "now"]


def test_alignments_are_read_in_frames(tmp_path: Path) -> None:
    words = ["sil", "set", "red", "by", "sp", "q", "six", "soon", "sil"]
    lines = [f"{5500 * n} {5500 * (n + 1)} {word}" for n, word in enumerate(words)]
    (tmp_path / "srbq6s.align").write_text("\n".join(lines) + "\n")
    found = read_sentences(tmp_path)["srbq6s"]
    assert found[0] == SpokenWord("set", 5.5, 11)
    assert [word.word for word in found] == ["set", "red", "by", "q", "six", "soon"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("x1\tbin:24-30 blue:30-34\n", "line 2: 2 words; a sentence has 6"),
        (LINE.replace("24-30", "30-24"), "line 2: write each word with its frames"),
        (LINE.replace("two:41-47", "two"), "such as bin:24-30"),
        ("", "names no clip"),
    ],
)
def test_a_wrong_table_is_said_in_one_line(tmp_path: Path, line: str, complaint: str) -> None:
    (tmp_path / "words.tsv").write_text("clip\twords\n" + line)
    with pytest.raises(AvatarError, match=complaint):
        read_sentences(tmp_path)


def test_what_holds_no_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match=r"holds no words.tsv and no .align files"):
        read_sentences(tmp_path)
    with pytest.raises(AvatarError, match="no table of words"):
        read_sentences(tmp_path / "absent.tsv")
    (tmp_path / "x.align").write_text("0 5 sil extra\n")
    with pytest.raises(AvatarError, match="not lines of begin, end and word"):
        read_sentences(tmp_path)
