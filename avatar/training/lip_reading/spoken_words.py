"""Which words are said in a clip, and when: GRID's sentences of six words."""

from dataclasses import dataclass
from pathlib import Path

from avatar.errors import AvatarError

PLACES = ("command", "colour", "preposition", "letter", "digit", "adverb")
TABLE = "words.tsv"
PAUSES = frozenset({"sil", "sp"})
ALIGN_UNITS = 1000  # of an .align file in a frame: 25,000 a second


@dataclass(frozen=True)
class SpokenWord:
    """A word and the frames (25 a second) during which it is heard: from `first` up to `end`."""

    word: str
    first: float
    end: float


Sentence = tuple[SpokenWord, ...]


def read_sentences(path: Path) -> dict[str, Sentence]:
    """The sentence of every clip, by the clip's name without its ending.

    `path` is a table (clip, tab, "bin:24-30 blue:30-34 ..." in frames), or a folder that holds such
    a `words.tsv` or GRID's own .align files.  Raises AvatarError.
    """
    if path.is_dir() and not (path / TABLE).is_file():
        found = {file.stem: _aligned(file) for file in sorted(path.glob("*.align"))}
        if not found:
            raise AvatarError(
                f"{path}: holds no {TABLE} and no .align files, which say when each word is spoken"
            )
        return found
    return _table(path / TABLE if path.is_dir() else path)


def _table(path: Path) -> dict[str, Sentence]:
    lines = _text(path).splitlines()[1:]  # the first holds the headings
    found = {}
    for number, line in enumerate(lines, start=2):
        clip, _, words = line.partition("\t")
        where = f"{path}, line {number}"
        found[clip] = _sentence([_word(text, where) for text in words.split()], where)
    if not found:
        raise AvatarError(
            f"{path}: names no clip; write lines such as bbaf2n, a tab, bin:24-30 ..."
        )
    return found


def _word(text: str, where: str) -> SpokenWord:
    word, _, frames = text.partition(":")
    first, _, end = frames.partition("-")
    return _timed(word, first, end, 1, where)


def _aligned(path: Path) -> Sentence:
    rows = [line.split() for line in _text(path).splitlines()]
    if any(len(row) != 3 for row in rows):
        raise AvatarError(f"{path}: not lines of begin, end and word; fetch it anew")
    return _sentence([_timed(word, a, b, ALIGN_UNITS, str(path)) for a, b, word in rows], str(path))


def _timed(word: str, first: str, end: str, unit: int, where: str) -> SpokenWord:
    if word and first.isdecimal() and end.isdecimal() and int(first) < int(end):
        return SpokenWord(word, int(first) / unit, int(end) / unit)
    raise AvatarError(f"{where}: write each word with its frames, such as bin:24-30")


def _sentence(words: list[SpokenWord], where: str) -> Sentence:
    said = tuple(word for word in words if word.word not in PAUSES)
    if len(said) != len(PLACES):
        raise AvatarError(
            f"{where}: {len(said)} words; a sentence has {len(PLACES)} ({', '.join(PLACES)})"
        )
    return said


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AvatarError(f"{path}: no table of words: {error}") from error
