"""How often the watermark is found where none is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from avatar.errors import AvatarError
from streaming.marks.label_reader import LabelReader
from streaming.marks.verify import look_for_watermark
from streaming.marks.video_frames import Luma
from streaming.marks.watermark_reader import RATE


@dataclass(frozen=True)
class UnmarkedFilm:
    """What was found in a video that carries no mark."""

    film: str
    seconds: float
    "Looked at."
    alarms: int
    "Stretches of two seconds in which the mark was found."
    score: float
    "The highest of all stretches."
    label: bool
    "Whether the label was found."


def read_unmarked(folder: Path, skipped: Callable[[str], object]) -> Iterator[UnmarkedFilm]:
    """Every video in `folder` and below; `skipped` is told of files that are none.

    Raises AvatarError if there is no video.
    """
    films = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            yield _look(path, str(path.relative_to(folder)))
            films += 1
        except AvatarError as error:
            skipped(str(error))
    if not films:
        raise AvatarError(f"{folder}: there is no video in it")


def _look(path: Path, name: str) -> UnmarkedFilm:
    label, seconds = LabelReader(), 0.0

    def beside(time: float, luma: Luma) -> None:
        nonlocal seconds
        seconds = time + 1 / RATE
        label.add(time, luma)

    found = look_for_watermark(path, beside)
    score = round(found.score, 2)
    return UnmarkedFilm(name, round(seconds, 1), found.marked, score, label.finding.found)
