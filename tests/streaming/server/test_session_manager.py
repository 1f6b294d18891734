"""Places: callers and those who look at their calls share what the machine can do."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from streaming.core.config import ServeConfig
from streaming.core.limits import Limits
from streaming.render.capacity import Capacity, StepCost
from streaming.render.client import RenderClient
from streaming.security.rate_limit import TooManyError
from streaming.server.session_manager import (
    MOST_VIEWERS,
    ServerFullError,
    ServerStoppingError,
    SessionManager,
)
from tests.streaming.support.plain_call import PlainCall


def places(renderer: RenderClient, limit: int) -> SessionManager:
    return SessionManager(renderer, ServeConfig(max_sessions=limit))


async def test_a_viewer_takes_part_of_a_place(renderer: RenderClient) -> None:
    assert 0 < renderer.ready.capacity.viewer < 1
    sessions = places(renderer, 2)
    first = sessions.open(lambda: PlainCall(renderer))
    with sessions.looking_at(first), pytest.raises(ServerFullError):
        sessions.open(lambda: PlainCall(renderer))
    sessions.open(lambda: PlainCall(renderer))
    await sessions.close_all("the test is over")


async def test_the_first_viewer_of_a_call_may_always_look(renderer: RenderClient) -> None:
    sessions = places(renderer, 1)
    call = sessions.open(lambda: PlainCall(renderer))
    with sessions.looking_at(call):
        with pytest.raises(ServerFullError), sessions.looking_at(call):
            pass
        assert call.viewers == 1
    assert call.viewers == 0
    await sessions.close_all("the test is over")


async def test_a_call_has_so_many_viewers_and_no_more(renderer: RenderClient) -> None:
    sessions = places(renderer, 100)
    call = sessions.open(lambda: PlainCall(renderer))
    with contextlib.ExitStack() as viewers:
        for _ in range(MOST_VIEWERS):
            viewers.enter_context(sessions.looking_at(call))
        with pytest.raises(ServerFullError, match="as many viewers"):
            viewers.enter_context(sessions.looking_at(call))
    await sessions.close_all("the test is over")


async def test_a_conversation_takes_part_of_a_place_and_one_may_always_begin(
    renderer: RenderClient,
) -> None:
    assert renderer.ready.capacity.conversation > 0
    sessions = places(renderer, 2)
    first = sessions.open(lambda: PlainCall(renderer))
    assert sessions.has_room_to_talk
    first.talking = True
    with pytest.raises(ServerFullError):
        sessions.open(lambda: PlainCall(renderer))
    first.talking = False
    sessions.open(lambda: PlainCall(renderer))
    assert sessions.has_room_to_talk, "a full server holds one conversation"
    first.talking = True
    assert not sessions.has_room_to_talk
    await sessions.close_all("the test is over")


async def test_a_call_of_any_door_is_shown_while_it_runs_and_told_of_the_end(
    renderer: RenderClient,
) -> None:
    sessions = places(renderer, 2)
    older, newer = (sessions.open(lambda: PlainCall(renderer)) for _ in range(2))
    assert sessions.newest(lambda _: True) is None, "neither has begun"
    for call in (older, newer):
        await call.begin("bar")
    assert sessions.newest(lambda _: True) is newer
    assert sessions.newest(lambda call: call.id == older.id) is older
    await newer.close("it had enough")
    assert sessions.newest(lambda _: True) is older
    assert sessions.find(older.id) is older
    assert sessions.find("nobody") is None
    await sessions.drain(0.01)
    assert older.told == [(0.01,), ("the server is stopping", "stopping")]
    await asyncio.sleep(0)
    assert len(sessions) == 0
    with pytest.raises(ServerStoppingError):
        sessions.open(lambda: PlainCall(renderer))


async def test_a_caller_who_comes_back_from_elsewhere_counts_there(renderer: RenderClient) -> None:
    limits = Limits(sessions_per_address=1)
    sessions = SessionManager(renderer, ServeConfig(max_sessions=9, limits=limits))
    moving, other = (
        sessions.open(lambda: PlainCall(renderer), address) for address in ("9.1.0.1", "9.2.0.1")
    )
    with pytest.raises(TooManyError):
        sessions.move(moving, "9.2.0.1")
    sessions.move(moving, "9.3.0.1")
    sessions.move(moving, "9.3.0.1")
    sessions.open(lambda: PlainCall(renderer), "9.1.0.1")
    with pytest.raises(TooManyError):
        sessions.open(lambda: PlainCall(renderer), "9.3.0.1")
    await other.close("it had enough")
    await asyncio.sleep(0)
    sessions.open(lambda: PlainCall(renderer), "9.2.0.1")
    await sessions.close_all("the test is over")


async def test_as_many_calls_are_taken_as_the_machine_carries_now(
    renderer: RenderClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = tuple(StepCost(callers, 0.01 * callers, 0.0) for callers in (1, 2, 4))
    measured = Capacity(0.01, 0.002, 0.022, steps, cores=8)
    now = [measured, replace(measured, slowdown=1.7)]
    monkeypatch.setattr(RenderClient, "capacity", property(lambda _: now[0]))
    sessions = SessionManager(renderer, ServeConfig())
    assert sessions.limit == 3
    sessions.open(lambda: PlainCall(renderer))
    now.pop(0)
    assert sessions.limit == 1
    with pytest.raises(ServerFullError, match="1 calls"):
        sessions.open(lambda: PlainCall(renderer))
    assert len(sessions) == 1
    await sessions.close_all("the test is over")


async def test_no_call_is_made_where_there_is_no_place_for_it(renderer: RenderClient) -> None:
    sessions, made = places(renderer, 1), list[PlainCall]()

    def make() -> PlainCall:
        made.append(PlainCall(renderer))
        return made[-1]

    sessions.open(make)
    with pytest.raises(ServerFullError):
        sessions.open(make)
    assert len(made) == 1
    await sessions.close_all("the test is over")
