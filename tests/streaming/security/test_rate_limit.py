import pytest

from streaming.security import rate_limit
from streaming.security.rate_limit import RateLimiter, TooManyError
from tests.streaming.support.virtual_time import VirtualTime


def test_an_address_may_try_so_often_and_again_later(time: VirtualTime) -> None:
    access = RateLimiter(tries_per_minute=6, held=1, monotonic=time)
    for _ in range(6):
        access.count_try("198.51.100.7")
    with pytest.raises(TooManyError):
        access.count_try("198.51.100.7")
    access.count_try("198.51.100.8")
    time.now += 10
    access.count_try("198.51.100.7")
    with pytest.raises(TooManyError):
        access.count_try("198.51.100.7")


def test_what_is_held_is_given_back(time: VirtualTime) -> None:
    access = RateLimiter(6, held=1, monotonic=time)
    with access.hold("198.51.100.7"):
        with pytest.raises(TooManyError), access.hold("198.51.100.7"):
            pass
        with access.hold("198.51.100.8"):
            pass
    with access.hold("198.51.100.7"):
        pass
    assert not access._open


def test_this_machine_is_not_counted(time: VirtualTime) -> None:
    access = RateLimiter(1, held=1, monotonic=time)
    for _ in range(5):
        access.count_try("127.0.0.1")
    with access.hold("::1"), access.hold("::1"):
        pass


def test_memory_is_bounded(time: VirtualTime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "MAX_KNOWN", 100)
    access = RateLimiter(6, held=1, monotonic=time)
    for number in range(1000):
        access.count_try(f"198.51.{number // 250}.{number % 250}")
    assert len(access._buckets) == 100
