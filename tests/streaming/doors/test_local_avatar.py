"""A face inside an agent's own process says that it is synthetic, as a server's does."""

import asyncio
import functools
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from streaming.core.mark_settings import MarkSettings
from streaming.doors.local_avatar import new_stream, rendering, running
from streaming.media.sink import Voice
from streaming.render.renderer import I420
from tests.streaming.support.level_bar import SIZE, find_bars

ENOUGH = 5  # pictures


@dataclass
class Screen:
    """A sink that keeps the pictures it is shown."""

    name: str = "screen"
    lead: float = 0.0
    pictures: list[I420] = field(default_factory=list)
    full: asyncio.Event = field(default_factory=asyncio.Event)

    async def ready(self) -> None:
        """Always."""

    def show(self, _number: int, picture: I420) -> None:
        self.pictures.append(picture)
        if len(self.pictures) >= ENOUGH:
            self.full.set()

    def speak(self, _start: int, _samples: Voice) -> None:
        """Nobody listens."""

    async def close(self) -> None:
        """Nothing is held."""


async def shown(folder: Path, marks: MarkSettings) -> I420:
    """Luma of the last of some pictures: flat, but for what says that they are synthetic."""
    screen = Screen()
    async with rendering(functools.partial(find_bars, folder)) as renderer:
        stream = new_stream(renderer, marks)
        await stream.join("bar")
        async with running(stream, screen, marks, lambda _: None), asyncio.timeout(20):
            await screen.full.wait()
    return screen.pictures[-1][:SIZE]


async def test_pictures_carry_watermark_and_label_unless_told_otherwise(tmp_path: Path) -> None:
    marked = await shown(tmp_path, MarkSettings())
    unmarked = MarkSettings(watermark=False, label=False, label_reason="a sign beside the screen")
    plain = await shown(tmp_path, unmarked)
    assert len(np.unique(plain)) == 1
    assert (marked[:60, -80:] == 235).any(), "the letters of the label"
    beside = marked[100:]
    assert len(np.unique(beside)) > 1
    assert np.abs(beside.astype(int) - plain[100:]).max() <= 3


@pytest.mark.parametrize(("watermark", "label"), [(True, False), (False, True)])
async def test_each_can_be_switched_off_by_itself(
    tmp_path: Path, watermark: bool, label: bool
) -> None:
    marks = MarkSettings(watermark=watermark, label=label, label_reason="" if label else "a sign")
    picture = await shown(tmp_path, marks)
    assert (picture[:60, -80:] == 235).any() == label
    assert (len(np.unique(picture[100:])) > 1) == watermark
