"""The rendering thread: batches of what is due, nothing late kept, failures survived."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any

import numpy as np
import pytest

from streaming.render_worker import QUEUE, RenderWorker
from streaming.renderer import I420
from tests.streaming.level_bar import BarPicture, LevelBar

SILENCE = np.zeros(640, np.float32)


class GatedBar(LevelBar):
    """Waits in every step until the test lets it go; notes the batches; fails when told."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Semaphore(0)
        self.batches: list[int] = []
        self.fail = False

    def step(self, streams: Sequence[Any], chunks: Sequence[Any]) -> list[BarPicture | None]:
        self.gate.acquire()
        self.batches.append(len(streams))
        if self.fail:
            raise RuntimeError("out of memory")
        return super().step(streams, chunks)


@pytest.fixture
async def worker() -> AsyncIterator[RenderWorker]:
    worker = RenderWorker()
    yield worker
    worker.stop()


class Shown:
    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.shades: list[int] = []

    def __call__(self, number: int, picture: I420) -> None:
        self.numbers.append(number)
        self.shades.append(int(picture[0, 0]))


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_pictures_come_back_on_the_event_loop_with_their_frame_numbers(
    worker: RenderWorker,
) -> None:
    shown = Shown()
    caller = worker.join(LevelBar(), shown)
    for number in range(5):
        worker.submit(caller, number, SILENCE)
        await asyncio.sleep(0.02)
    await until(lambda: shown.numbers == [0, 1, 2])


async def test_chunks_that_fall_due_during_a_step_are_one_batch(worker: RenderWorker) -> None:
    bar = GatedBar()
    callers = [worker.join(bar, Shown()) for _ in range(4)]
    worker.submit(callers[0], 0, SILENCE)
    await asyncio.sleep(0.05)
    for caller in callers[1:]:
        worker.submit(caller, 0, SILENCE)
    bar.gate.release(2)
    await until(lambda: bar.batches == [1, 3])


async def test_a_worker_that_is_behind_drops_the_oldest_and_keeps_the_numbers_right(
    worker: RenderWorker,
) -> None:
    bar, shown = GatedBar(), Shown()
    caller = worker.join(bar, shown)
    worker.submit(caller, 0, SILENCE)
    await asyncio.sleep(0.05)
    for number in range(1, 8):
        worker.submit(caller, number, SILENCE)
    bar.gate.release(10)
    await until(lambda: shown.numbers)
    assert caller.dropped == 7 - QUEUE
    assert shown.numbers == [7 - 2]


async def test_a_failure_is_reported_to_the_caller_and_overcome(worker: RenderWorker) -> None:
    bar, shown, other = GatedBar(), Shown(), Shown()
    bar.gate.release(100)
    caller = worker.join(bar, shown)
    neighbour = worker.join(LevelBar(), other)
    bar.fail = True
    worker.submit(caller, 0, SILENCE)
    await until(lambda: caller.failing)
    bar.fail = False
    for number in range(1, 5):
        worker.submit(caller, number, SILENCE)
        worker.submit(neighbour, number - 1, SILENCE)
        await asyncio.sleep(0.02)
    await until(lambda: shown.numbers == [1, 2])
    assert not caller.failing
    assert other.numbers == [0, 1]


async def test_the_speaker_can_change_in_the_middle(worker: RenderWorker) -> None:
    shown = Shown()
    caller = worker.join(LevelBar(90), shown)
    for number in range(10):
        if number == 5:
            worker.switch(caller, LevelBar(160))
        worker.submit(caller, number, SILENCE)
        await asyncio.sleep(0.02)
    await until(lambda: len(shown.numbers) == 6)
    assert shown.numbers == [0, 1, 2, 5, 6, 7]
    assert shown.shades == [90] * 3 + [160] * 3


async def test_a_caller_who_left_is_not_rendered(worker: RenderWorker) -> None:
    shown = Shown()
    caller = worker.join(LevelBar(), shown)
    worker.leave(caller)
    for number in range(4):
        worker.submit(caller, number, SILENCE)
    await asyncio.sleep(0.05)
    assert not shown.numbers
