import pytest

from streaming.security import rate_limit
from streaming.security.rate_limit import TooManyError, Visitors
from tests.streaming.conftest import VirtualTime


def test_an_address_may_try_so_often_and_again_later(time: VirtualTime) -> None:
    door = Visitors(tries_per_minute=6, held=1, monotonic=time)
    for _ in range(6):
        door.knock("198.51.100.7")
    with pytest.raises(TooManyError):
        door.knock("198.51.100.7")
    door.knock("198.51.100.8")
    time.now += 10
    door.knock("198.51.100.7")
    with pytest.raises(TooManyError):
        door.knock("198.51.100.7")


def test_what_is_held_is_given_back(time: VirtualTime) -> None:
    door = Visitors(6, held=1, monotonic=time)
    with door.hold("198.51.100.7"):
        with pytest.raises(TooManyError), door.hold("198.51.100.7"):
            pass
        with door.hold("198.51.100.8"):
            pass
    with door.hold("198.51.100.7"):
        pass
    assert not door._open


def test_this_machine_is_not_counted(time: VirtualTime) -> None:
    door = Visitors(1, held=1, monotonic=time)
    for _ in range(5):
        door.knock("127.0.0.1")
    with door.hold("::1"), door.hold("::1"):
        pass


def test_memory_is_bounded(time: VirtualTime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "MAX_KNOWN", 100)
    door = Visitors(6, held=1, monotonic=time)
    for number in range(1000):
        door.knock(f"198.51.{number // 250}.{number % 250}")
    assert len(door._buckets) == 100
