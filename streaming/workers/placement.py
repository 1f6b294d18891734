"""Which server a request or a page is passed on to."""

from contextlib import AbstractContextManager
from typing import Protocol

from streaming.workers.addresses import Address
from streaming.workers.known_call import WantedCall


class CallServer(Protocol):
    """A worker of this machine, or another machine."""

    @property
    def address(self) -> Address:
        """Where it serves."""
        ...

    def connected(self) -> AbstractContextManager[None]:
        """While a page is connected through to it."""
        ...


class Placement(Protocol):
    """Chooses among the workers of a machine, or among machines."""

    async def roomiest(self) -> CallServer:
        """The one for the next call. Raises AvatarError if there is none now."""
        ...

    async def first(self) -> CallServer:
        """The one for what is no call. Raises AvatarError if there is none now."""
        ...

    async def owner(self, wanted: WantedCall) -> CallServer | None:
        """The one that has the newest call which suits, if there is one."""
        ...
