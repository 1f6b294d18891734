"""Places: callers and those who look at their calls share what the machine can do."""

import contextlib
import functools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streaming.core.config import ServeConfig
from streaming.core.ice_servers import IceServers
from streaming.render.client import RenderClient
from streaming.server.session_manager import MOST_VIEWERS, ServerFullError, SessionManager
from tests.streaming.support.level_bar import find_bars


@pytest.fixture
async def worker() -> AsyncIterator[RenderClient]:
    worker = RenderClient(functools.partial(find_bars, Path()))
    await worker.attach()
    yield worker
    await worker.stop()


def places(worker: RenderClient, limit: int) -> SessionManager:
    return SessionManager(worker, ServeConfig(max_sessions=limit), IceServers((), None, 0))


async def test_a_viewer_takes_part_of_a_place(worker: RenderClient) -> None:
    assert 0 < worker.ready.capacity.viewer < 1
    sessions = places(worker, 2)
    first = sessions.open(lambda _: None)
    with sessions.looking_at(first), pytest.raises(ServerFullError):
        sessions.open(lambda _: None)
    sessions.open(lambda _: None)
    await sessions.close_all("the test is over")


async def test_the_first_viewer_of_a_call_may_always_look(worker: RenderClient) -> None:
    sessions = places(worker, 1)
    call = sessions.open(lambda _: None)
    with sessions.looking_at(call):
        with pytest.raises(ServerFullError), sessions.looking_at(call):
            pass
        assert call.viewers == 1
    assert call.viewers == 0
    await sessions.close_all("the test is over")


async def test_a_call_has_so_many_viewers_and_no_more(worker: RenderClient) -> None:
    sessions = places(worker, 100)
    call = sessions.open(lambda _: None)
    with contextlib.ExitStack() as viewers:
        for _ in range(MOST_VIEWERS):
            viewers.enter_context(sessions.looking_at(call))
        with pytest.raises(ServerFullError, match="as many viewers"):
            viewers.enter_context(sessions.looking_at(call))
    await sessions.close_all("the test is over")
