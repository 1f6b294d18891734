"""A session's clock in virtual time, and a sink that notes what it gets."""

import asyncio
from dataclasses import dataclass, field

import numpy as np

from streaming.media.clock import SessionClock
from streaming.media.sink import Voice
from streaming.render.renderer import I420
from tests.streaming.support.virtual_time import VirtualTime

DELAY = 0.15


class SteppedClock(SessionClock):
    """Sleeping ends when the test has moved the time there."""

    def __init__(self, time: VirtualTime, delay: float = DELAY) -> None:
        super().__init__(delay, time)
        self._time = time

    async def sleep_until(self, moment: float) -> None:
        while self._time.now < moment - 1e-9:
            await asyncio.sleep(0)


async def pass_time(time: VirtualTime, seconds: float, step: float = 0.01) -> None:
    """Let `seconds` go by; whoever is due acts within a step."""
    for _ in range(round(seconds / step)):
        time.now += step
        for _ in range(4):
            await asyncio.sleep(0)


@dataclass
class NotingSink:
    """Takes everything, with the moment at which it came."""

    time: VirtualTime
    name: str = "notes"
    lead: float = 0.0
    busy: bool = False
    pictures: list[tuple[float, int, int]] = field(default_factory=list)
    sound: list[tuple[float, int, Voice]] = field(default_factory=list)

    async def ready(self) -> None:
        while self.busy:
            await asyncio.sleep(0)

    def show(self, number: int, picture: I420) -> None:
        self.pictures.append((self.time.now, number, int(picture[0, 0])))

    def speak(self, start: int, samples: Voice) -> None:
        self.sound.append((self.time.now, start, samples))

    async def close(self) -> None:
        """Nothing is held."""


def picture(value: int) -> I420:
    return np.full((96, 64), value, np.uint8)
