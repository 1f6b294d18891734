"""Placing calls among machines, as seen from one of them."""

import asyncio
import contextlib
from dataclasses import dataclass

from streaming.cluster.directory import FoundMachine
from streaming.cluster.directory_line import DirectoryLine
from streaming.server.errors import NotReadyError
from streaming.workers.addresses import Address
from streaming.workers.known_call import WantedCall
from streaming.workers.placement import CallServer
from streaming.workers.worker_pool import WorkerPool

LOOKS = 4  # for a call of which its machine may just be telling
LOOK_INTERVAL_S = 0.25


@dataclass(frozen=True)
class OtherMachine:
    """A machine that pages of this one are passed on to."""

    address: Address

    def connected(self) -> contextlib.AbstractContextManager[None]:
        """It counts its pages itself."""
        return contextlib.nullcontext()


class ClusterPlacement:
    """A call stays where Serve brought it while there is room; each is found wherever it is."""

    def __init__(self, own: str, pool: WorkerPool, limit: int, directory: DirectoryLine) -> None:
        """`own`: the name of this machine; `limit`: calls that it takes."""
        self._own = own
        self._pool = pool
        self._limit = limit
        self._directory = directory

    @property
    def room(self) -> float:
        """Calls that this machine could take; pages that may begin one count."""
        if self._pool.stopping or not self._pool.running:
            return 0.0
        return max(0.0, self._limit - sum(worker.load for worker in self._pool.workers))

    async def roomiest(self) -> CallServer:
        """Raises AvatarError if there is none now."""
        if self.room < 1:
            with contextlib.suppress(NotReadyError):
                if other := await self._directory.roomiest((self._own,)):
                    return OtherMachine(other.address)
        return await self._pool.roomiest()  # which says it is full, if it comes to that

    async def first(self) -> CallServer:
        """Raises AvatarError if there is none now."""
        return await (self._pool.first() if self._pool.running else self.roomiest())

    async def owner(self, wanted: WantedCall) -> CallServer | None:
        """The one that has the newest call which suits, if there is one."""
        if wanted.named and (worker := await self._pool.owner(wanted)):
            return worker
        found = await self._find(wanted)
        if found and found.machine != self._own:
            return OtherMachine(found.address)
        return await self._pool.owner(wanted)

    async def _find(self, wanted: WantedCall) -> FoundMachine | None:
        for _ in range(LOOKS if wanted.named else 1):
            if found := await self._directory.owner(wanted):
                return found
            if wanted.named:
                await asyncio.sleep(LOOK_INTERVAL_S)
        return None
