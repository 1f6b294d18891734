"""How often an address tries, and what it holds open."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from avatar.errors import AvatarError
from streaming.security.ip_addresses import is_here, network_of

MAX_KNOWN = 10_000  # addresses remembered; memory stays bounded whoever tries


class TooManyError(AvatarError):
    """One address asks for more than its share."""


class Bucket:
    """Lets `rate` events a second through, and `burst` at once."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, now

    def take(self, now: float) -> bool:
        """Whether one more may pass."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class RateLimiter:
    """Counts tries and open connections by address; this machine's own are free."""

    def __init__(
        self,
        tries_per_minute: int,
        held: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tries, self._held = tries_per_minute, held
        self._monotonic = monotonic
        self._buckets: dict[str, Bucket] = {}
        self._open: Counter[str] = Counter()

    def count_try(self, address: str) -> None:
        """Note a try. Raises TooManyError if the address tries too often."""
        network = network_of(address)
        if is_here(address):
            return
        now = self._monotonic()
        bucket = self._buckets.pop(network, None) or Bucket(self._tries / 60, self._tries, now)
        self._buckets[network] = bucket
        if len(self._buckets) > MAX_KNOWN:
            del self._buckets[next(iter(self._buckets))]
        if not bucket.take(now):
            raise TooManyError("too many tries from your address; wait a minute")

    @contextmanager
    def hold(self, address: str) -> Iterator[None]:
        """Count something held open. Raises TooManyError if the address holds too much."""
        network = network_of(address)
        if self._open[network] >= self._held and not is_here(address):
            raise TooManyError("too many connections from your address; close one")
        self._open[network] += 1
        try:
            yield
        finally:
            self._open[network] -= 1
            if not self._open[network]:
                del self._open[network]
