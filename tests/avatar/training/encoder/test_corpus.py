"""A folder of recorded speech is read as documented; what is wrong with it is said."""

from pathlib import Path

import pytest

from avatar.errors import AvatarError
from avatar.training.encoder.corpus import read_folder


def test_held_voices_are_marked_and_the_worst_alignments_left_out(speech_folder: Path) -> None:
    utterances = read_folder(speech_folder)
    assert {u.voice for u in utterances if u.held} == {"s2"}
    train = {u.name for u in utterances if not u.held}
    assert train == {f"u{number}" for number in range(1, 8)}  # u0 has the lowest score
    first = utterances[0]
    assert first.load().std() > 0.01
    assert first.phones[1].start >= first.phones[0].end - 0.002


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "holds no .tsv"),
        ("utt\tspeaker\n1\t2\n", "lacks the columns"),
        (
            "utt\tspeaker\tsplit\talign_score\ttext\tphones_ms\na\tb\ttrain\t1\tx\tAA:0-9\n",
            "no sound",
        ),
    ],
)
def test_a_wrong_folder_is_explained(tmp_path: Path, table: str | None, message: str) -> None:
    if table is not None:
        (tmp_path / "some.tsv").write_text(table)
    with pytest.raises(AvatarError, match=message):
        read_folder(tmp_path)


@pytest.mark.parametrize("times", ["QQ:0-10", "AA:0", "AA:x-y", "AA"])
def test_bad_phone_times_name_their_utterance(tmp_path: Path, times: str) -> None:
    (tmp_path / "some" / "b").mkdir(parents=True)
    (tmp_path / "some" / "b" / "a.wav").touch()
    header = "utt\tspeaker\tsplit\talign_score\ttext\tphones_ms\n"
    (tmp_path / "some.tsv").write_text(f"{header}a\tb\ttrain\t1\tx\t{times}\n")
    with pytest.raises(AvatarError, match="utterance a: bad phone times"):
        read_folder(tmp_path)
