"""How often the watermark is found where none is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from avatar.errors import AvatarError
from streaming.marks.label_reader import LabelReader
from streaming.marks.pattern import another_key
from streaming.marks.verify import look_for_watermark
from streaming.marks.video_frames import Luma
from streaming.marks.watermark_reader import RATE


@dataclass(frozen=True)
class UnmarkedFilm:
    """What was found in a video that carries no mark."""

    film: str
    seconds: float
    "Looked at, with each key."
    alarms: int
    "Stretches of two seconds in which the mark was found, with any key."
    score: float
    "The highest of all stretches and keys."
    label: bool
    "Whether the label was found."


def read_unmarked(
    folder: Path, keys: int, skipped: Callable[[str], object]
) -> Iterator[UnmarkedFilm]:
    """Every video in `folder` and below; `skipped` is told of files that are none.

    `keys`: that of the marks and others, each of which is another chance to be wrong.  Raises
    AvatarError if there is no video.
    """
    films = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            yield _look(path, str(path.relative_to(folder)), keys)
            films += 1
        except AvatarError as error:
            skipped(str(error))
    if not films:
        raise AvatarError(f"{folder}: there is no video in it")


def _look(path: Path, name: str, keys: int) -> UnmarkedFilm:
    label, seconds = LabelReader(), 0.0

    def beside(time: float, luma: Luma) -> None:
        nonlocal seconds
        seconds = time + 1 / RATE
        label.add(time, luma)

    found = [look_for_watermark(path, beside)]
    found += [look_for_watermark(path, key=another_key(number)) for number in range(keys - 1)]
    alarms, score = sum(one.marked for one in found), max(one.score for one in found)
    return UnmarkedFilm(name, round(seconds, 1), alarms, round(score, 2), label.finding.found)
