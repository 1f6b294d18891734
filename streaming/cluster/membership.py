"""A machine's place in the directory, from its start to its end."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streaming.cluster.cluster_placement import ClusterPlacement
from streaming.cluster.directory import MachineReport
from streaming.cluster.directory_line import DirectoryLine
from streaming.server.errors import NotReadyError
from streaming.workers.worker_pool import WorkerPool

LOOK_INTERVAL_S = 0.25  # between looks at what has changed here
REPORT_INTERVAL_S = 2.0  # at the latest


class Membership:
    """Tells the directory of this machine, and drains the machine once Serve is stopping it."""

    def __init__(
        self,
        machines: ClusterPlacement,
        pool: WorkerPool,
        directory: DirectoryLine,
        at: tuple[str, str, int],
        drain_s: float,
    ) -> None:
        """`at`: the machine's name, and address and port of its private door."""
        self._machines = machines
        self._pool = pool
        self._directory = directory
        self._at = at
        self._drain_s = drain_s
        self._draining: asyncio.Task[None] | None = None

    async def keep(self) -> None:
        """Report what changes, for ever."""
        told, told_at = None, 0.0
        while True:
            report = MachineReport(*self._at, self._machines.room, tuple(await self._pool.calls()))
            if report != told or time.monotonic() > told_at + REPORT_INTERVAL_S:
                with contextlib.suppress(NotReadyError):
                    if await self._directory.report(report):
                        self._begin_to_drain()
                    told, told_at = report, time.monotonic()
            await asyncio.sleep(LOOK_INTERVAL_S)

    async def drain(self) -> None:
        """Return once no call is left here; they have `drain_s` since the machine is stopping."""
        await self._begin_to_drain()

    def _begin_to_drain(self) -> "asyncio.Task[None]":
        self._draining = self._draining or asyncio.create_task(self._pool.drain(self._drain_s))
        return self._draining


@asynccontextmanager
async def membership(
    machines: ClusterPlacement,
    pool: WorkerPool,
    directory: DirectoryLine,
    at: tuple[str, str, int],
    drain_s: float,
) -> AsyncIterator[None]:
    """Be in the directory; at the end wait for the calls that run here."""
    member = Membership(machines, pool, directory, at, drain_s)
    keeping = asyncio.create_task(member.keep())
    try:
        yield
        await member.drain()
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
        with contextlib.suppress(NotReadyError):
            await directory.leave(at[0])
