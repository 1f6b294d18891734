"""Calls that are over are known for as long as a recording of them may come."""

from streaming.server.past_calls import KEPT_S, MOST, PastCalls
from tests.streaming.conftest import VirtualTime


def test_a_call_is_remembered_for_some_minutes(time: VirtualTime) -> None:
    past = PastCalls(time)
    past.add("a", "198.51.100.1", ["anna", "bert"])
    time.now += KEPT_S - 1
    call = past.find("a")
    assert call
    assert (call.network, call.speakers) == ("198.51.100.1", ("anna", "bert"))
    assert past.find("b") is None
    time.now += 2
    assert past.find("a") is None


def test_no_more_are_remembered_than_there_is_room_for(time: VirtualTime) -> None:
    past = PastCalls(time)
    for number in range(MOST + 1):
        past.add(str(number), "", [])
    assert past.find("0") is None
    assert past.find(str(MOST))
