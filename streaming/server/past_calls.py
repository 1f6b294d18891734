"""Who was shown in calls that are over, for as long as their recordings may still come."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

KEPT_S = 900.0
MOST = 1000  # calls


@dataclass(frozen=True)
class PastCall:
    """What is remembered of a call."""

    network: str
    "Where its caller called from: see `network_of`."
    speakers: tuple[str, ...]
    ended: float


class PastCalls:
    """The calls of the last KEPT_S seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._calls: OrderedDict[str, PastCall] = OrderedDict()

    def add(self, session: str, network: str, speakers: list[str]) -> None:
        """Note a call that has just ended."""
        self._calls[session] = PastCall(network, tuple(speakers), self._clock())
        while len(self._calls) > MOST:
            self._calls.popitem(last=False)

    def find(self, session: str) -> PastCall | None:
        """The call of this id, if it has ended lately."""
        call = self._calls.get(session)
        return call if call and self._clock() - call.ended < KEPT_S else None

    def sessions(self) -> list[str]:
        """The ids of all that have ended lately."""
        return [session for session in self._calls if self.find(session)]
