"""Level bars whose trouble a test switches on and off with files in a folder."""

import functools
import time
from collections.abc import Sequence
from pathlib import Path

from streaming.render.renderer import Chunk, Speakers
from tests.streaming.support.level_bar import BarPicture, BarStream, LevelBar

SLOW = 0.06  # seconds a step, half as much again as there is


class TroubledBar(LevelBar):
    """`slow` in the folder makes it slower than real time, `memory` runs it out of memory."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def step(
        self, streams: Sequence[BarStream], chunks: Sequence[Chunk]
    ) -> list[BarPicture | None]:
        if (self._folder / "slow").exists():
            time.sleep(SLOW)
        if (self._folder / "memory").exists():
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return super().step(streams, chunks)


def find_troubled(folder: Path) -> Speakers:
    """`bar`, which may be in trouble, `pale`, which never is, and `lost`, whose folder is gone."""
    previews = {name: folder / f"{name}.jpg" for name in ("bar", "pale", "lost")}
    return Speakers("bar", previews, functools.partial(_load, folder))


def _load(folder: Path, name: str) -> LevelBar:
    if name == "lost":
        (folder / name / "speaker.yaml").read_text()
    return LevelBar(160) if name == "pale" else TroubledBar(folder)
