"""The rendering process from the server's side: pictures, changes of speaker, its death."""

import functools
import itertools
import math
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar.errors import AvatarError, DeviceLost
from streaming.render.caller import Caller
from streaming.render.capacity import Capacity, StepCost
from streaming.render.client import MOST_UNDERWAY, RenderClient, SharedRenderClient
from streaming.render.renderer import I420, FindSpeakers, Speakers
from tests.streaming.support.level_bar import (
    BarPicture,
    LevelBar,
    find_bars,
    find_withdrawable_bars,
)
from tests.streaming.support.polling import until

SILENCE = np.zeros(640, np.float32)


class DyingBar(LevelBar):
    """Its device is lost once it has made a picture."""

    def step(self, streams: Sequence[Any], chunks: Sequence[Any]) -> list[BarPicture | None]:
        made = super().step(streams, chunks)
        if getattr(self, "shown", False):
            raise DeviceLost("CUDA error: unspecified launch failure")
        self.shown = any(made)
        return made


class LoudBar(LevelBar):
    """Takes far longer than it was measured to draw loud sound."""

    def step(self, streams: Sequence[Any], chunks: Sequence[Any]) -> list[BarPicture | None]:
        time.sleep(0.1 if chunks[0].mean() > 0.5 else 0.0)
        return super().step(streams, chunks)


def find_loud(folder: Path) -> Speakers:
    return Speakers("loud", {"loud": folder}, lambda _: LoudBar())


def find_with_a_broken_one(folder: Path) -> Speakers:
    def load(name: str) -> LevelBar:
        if name == "dying":
            return DyingBar()
        if name == "broken":
            raise AvatarError("broken: its weights are not those of its card")
        return LevelBar(160 if name == "pale" else 90, lookahead=3 if name == "far" else 2)

    names = ("bar", "pale", "broken", "dying", "far")
    return Speakers("bar", dict.fromkeys(names, folder), load)


def find_nothing() -> Speakers:
    raise AvatarError("there is no speaker 'anna'")


@pytest.fixture(scope="module")
def speakers() -> FindSpeakers:
    return functools.partial(find_with_a_broken_one, Path())


class Shown:
    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.shades: list[int] = []

    def __call__(self, number: int, picture: I420) -> None:
        self.numbers.append(number)
        self.shades.append(int(picture[0, 0]))


async def talk(renderer: RenderClient, caller: Caller, numbers: range) -> None:
    for number in numbers:
        renderer.submit(caller, number, SILENCE)
        await until(lambda: not caller.underway)


async def test_pictures_come_back_with_their_frame_numbers(renderer: RenderClient) -> None:
    shown = Shown()
    caller = await renderer.join("bar", shown)
    await talk(renderer, caller, range(5))
    assert shown.numbers == [0, 1, 2]
    assert shown.shades == [90] * 3
    assert renderer.timings
    assert renderer.capacity.slowdown > 0


async def test_it_was_measured_before_it_is_ready(renderer: RenderClient) -> None:
    capacity = renderer.ready.capacity
    assert capacity.callers >= 1
    assert 0 < capacity.picture < capacity.budget


async def test_who_has_no_callers_learns_that_the_steps_of_others_take_longer(
    tmp_path: Path,
) -> None:
    with tempfile.TemporaryDirectory() as private:
        address = str(Path(private) / "renderer.sock")
        owner = RenderClient(functools.partial(find_loud, tmp_path), shared_at=address)
        await owner.attach()
        worker = SharedRenderClient(address)
        await worker.attach()
        caller = await worker.join("loud", Shown())
        number = 0
        while owner.capacity.slowdown < 2:
            worker.submit(caller, number, SILENCE + 1)
            await until(lambda: not caller.underway)
            number += 1
        assert owner.capacity.callers == worker.capacity.callers == 1
        await worker.stop()
        await owner.stop()


async def test_the_speaker_can_change_in_the_middle(renderer: RenderClient) -> None:
    shown = Shown()
    caller = await renderer.join("bar", shown)
    await talk(renderer, caller, range(5))
    await renderer.switch(caller, "pale")
    await talk(renderer, caller, range(5, 10))
    assert shown.numbers == [0, 1, 2, 5, 6, 7]
    assert shown.shades == [90] * 3 + [160] * 3


async def test_a_speaker_that_cannot_be_loaded_is_refused_in_words(renderer: RenderClient) -> None:
    with pytest.raises(AvatarError, match="weights"):
        await renderer.join("broken", Shown())
    shown = Shown()
    await talk(renderer, await renderer.join("bar", shown), range(3))
    assert shown.numbers == [0]


async def test_a_speaker_put_in_place_of_one_that_heard_less_far_ahead_is_refused_in_words(
    renderer: RenderClient,
) -> None:
    assert renderer.lookahead == 2
    with pytest.raises(AvatarError, match=r"far hears 3 frames ahead.*start it again"):
        await renderer.join("far", Shown())


async def test_what_is_overdue_after_a_hold_up_is_only_heard_and_the_newest_is_drawn(
    renderer: RenderClient,
) -> None:
    shown, given_up = Shown(), list[int]()
    caller = await renderer.join("bar", shown, given_up.append)
    await talk(renderer, caller, range(3))
    assert shown.numbers == [0]
    pid = renderer.pid
    os.kill(pid, signal.SIGSTOP)
    long_ago = time.monotonic() - 1
    for number in range(3, 20):
        renderer.submit(caller, number, SILENCE, long_ago if number < 19 else math.inf)
    os.kill(pid, signal.SIGCONT)
    await until(lambda: shown.numbers[-1] == 17)
    assert given_up == list(range(1, 17))
    assert caller.behind(time.monotonic())
    assert shown.numbers == [0, 17]


async def test_a_renderer_that_takes_nothing_for_long_is_not_given_more_and_more(
    renderer: RenderClient,
) -> None:
    shown, given_up = Shown(), list[int]()
    caller = await renderer.join("bar", shown, given_up.append)
    os.kill(renderer.pid, signal.SIGSTOP)
    for number in range(MOST_UNDERWAY + 7):
        renderer.submit(caller, number, SILENCE)
    assert len(given_up) == 7
    os.kill(renderer.pid, signal.SIGCONT)
    await until(lambda: shown.numbers and shown.numbers[-1] == MOST_UNDERWAY - 3)


async def test_others_who_call_lengthen_the_next_delay_until_they_leave(
    renderer: RenderClient,
) -> None:
    steps = tuple(StepCost(callers, 0.01 * callers, 0.0) for callers in (1, 2, 4))
    capacity = Capacity(0.01, 0.002, 0.022, steps, cores=2)
    renderer.ready = replace(renderer.ready, capacity=capacity)
    alone = renderer.budget
    assert alone == pytest.approx(0.022)
    callers = [await renderer.join("bar", Shown()) for _ in range(2)]
    assert renderer.budget == pytest.approx(0.042)
    for caller in callers:
        renderer.leave(caller)
    assert renderer.budget == alone


async def test_a_killed_renderer_is_started_again_and_callers_go_on(renderer: RenderClient) -> None:
    shown = Shown()
    caller = await renderer.join("pale", shown)
    await talk(renderer, caller, range(3))
    pid = renderer.pid
    os.kill(pid, signal.SIGKILL)
    await until(lambda: caller.failing)
    numbers = itertools.count(3)

    def recovered() -> bool:
        renderer.submit(caller, next(numbers), SILENCE)
        return not caller.failing and len(shown.numbers) >= 3

    await until(recovered, 30)
    assert shown.shades[-1] == 160


async def test_a_renderer_that_dies_starts_without_a_first_speaker_that_was_withdrawn(
    tmp_path: Path,
) -> None:
    client = RenderClient(functools.partial(find_withdrawable_bars, tmp_path))
    await client.attach()
    (tmp_path / "bar.withdrawn").write_text("bar was withdrawn")
    os.kill(client.pid, signal.SIGKILL)
    await until(lambda: client.refused == {"bar": "bar was withdrawn"}, 30)
    shown = Shown()
    await talk(client, await client.join("pale", shown), range(3))
    await until(lambda: shown.shades == [160], 30)
    with pytest.raises(AvatarError, match="bar was withdrawn"):
        await client.prepare("bar")
    await client.stop()
    with pytest.raises(AvatarError, match="bar was withdrawn"):
        RenderClient(functools.partial(find_withdrawable_bars, tmp_path))


async def test_a_renderer_that_lost_its_device_is_started_again(renderer: RenderClient) -> None:
    shown = Shown()
    caller = await renderer.join("dying", shown)
    pid = renderer.pid
    await talk(renderer, caller, range(3))
    renderer.submit(caller, 3, SILENCE)
    await until(lambda: caller.failing)
    assert shown.shades == [90]

    def recovered() -> bool:
        renderer.submit(caller, 4, SILENCE)
        return not caller.failing and len(shown.numbers) >= 2

    await until(recovered, 30)
    assert renderer.pid != pid


async def test_a_caller_who_left_leaves_no_shared_memory(renderer: RenderClient) -> None:
    caller = await renderer.join("bar", Shown())
    assert caller.memory
    file = Path("/dev/shm") / caller.memory.name
    assert file.exists()
    renderer.leave(caller)
    renderer.submit(caller, 0, SILENCE)
    assert not file.exists()
    assert caller.underway == 0


async def test_a_caller_who_left_before_its_turn_harms_nobody(
    renderer: RenderClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Shown()
    caller = await renderer.join("bar", shown)
    pid = renderer.pid
    prepare = renderer.prepare

    async def prepare_and_hold_up(speaker: str) -> tuple[int, int]:
        size = await prepare(speaker)
        os.kill(pid, signal.SIGSTOP)
        return size

    monkeypatch.setattr(renderer, "prepare", prepare_and_hold_up)
    renderer.leave(await renderer.join("pale", Shown()))
    os.kill(pid, signal.SIGCONT)
    await talk(renderer, caller, range(3))
    assert shown.shades == [90]
    assert renderer.pid == pid


def test_a_speaker_that_is_not_there_is_said_before_anything_is_served() -> None:
    with pytest.raises(AvatarError, match="anna"):
        RenderClient(find_nothing)


def test_the_server_itself_never_loads_the_models() -> None:
    code = "import sys, streaming.server.app; print('torch' in sys.modules)"
    import subprocess

    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
    assert find_bars(Path()).first == "bar"
