"""A sink that is lost and comes back, and work that fails in its thread."""

import asyncio

import numpy as np
import pytest

from avatar.errors import AvatarError
from streaming.sinks import reconnecting
from streaming.sinks.background import Background
from streaming.sinks.reconnecting import ReconnectingSink
from tests.streaming.support.stepped_clock import NotingSink, picture
from tests.streaming.support.virtual_time import VirtualTime


class Device:
    """Something that can be pulled out."""

    def __init__(self, time: VirtualTime) -> None:
        self.time = time
        self.there = True
        self.opened: list[NotingSink] = []

    async def open(self) -> NotingSink:
        self._complain()
        device = self

        class Plugged(NotingSink):
            async def ready(self) -> None:
                device._complain()

        self.opened.append(Plugged(self.time, name="a device", lead=0.05))
        return self.opened[-1]

    def _complain(self) -> None:
        if not self.there:
            raise AvatarError("the device is gone")


async def test_it_goes_on_when_the_device_comes_back(
    time: VirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnecting, "RETRY_INTERVAL_S", 0.01)
    monkeypatch.setattr(reconnecting, "RECOVERED_AFTER_S", -1.0)
    device = Device(time)
    sink = ReconnectingSink("camera", device.open)
    await sink.start()
    assert (sink.name, sink.lead) == ("a device", 0.05)
    await sink.ready()
    sink.show(0, picture(1))
    device.there = False
    waiting = asyncio.create_task(sink.ready())
    await asyncio.sleep(0.05)
    assert sink.problem == "the device is gone"
    sink.show(1, picture(2))
    sink.speak(0, np.zeros(960, np.float32))
    device.there = True
    await asyncio.wait_for(waiting, 1)
    assert sink.problem == ""
    sink.show(2, picture(3))
    assert [[shown[1] for shown in one.pictures] for one in device.opened] == [[0], [2]]


async def test_a_first_time_that_fails_is_an_error(time: VirtualTime) -> None:
    device = Device(time)
    device.there = False
    with pytest.raises(AvatarError, match="gone"):
        await ReconnectingSink("camera", device.open).start()


async def test_after_a_failure_nothing_more_is_done_but_the_end() -> None:
    done: list[str] = []

    def fail() -> None:
        raise AvatarError("full")

    background = Background("film")
    await background.run(done.append, "first")
    background.submit(fail)
    background.submit(done.append, "never")
    with pytest.raises(AvatarError, match="full"):
        await background.idle()
    with pytest.raises(AvatarError, match="full"):
        await background.close(lambda: done.append("end"))
    assert done == ["first", "end"]
