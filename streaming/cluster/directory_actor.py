"""The directory as a named actor of Ray, one for all versions of an application."""

import asyncio
import logging
from collections.abc import Collection

from ray.exceptions import RayError

from streaming.cluster.directory import Directory, FoundMachine, MachineReport
from streaming.cluster.stopping_replicas import stopping_replicas
from streaming.workers.known_call import WantedCall

log = logging.getLogger(__name__)

LOOK_INTERVAL_S = 1.0  # between looks which replicas Serve is stopping


class DirectoryActor:
    """Answers to all machines; asks Serve for all of them which are to leave."""

    def __init__(self, application: str) -> None:
        self._application = application
        self._directory = Directory()
        self._stopping: frozenset[str] = frozenset()
        self._looking: asyncio.Task[None] | None = None

    async def key(self) -> str:
        """Of the private doors."""
        return self._directory.key

    async def report(self, report: MachineReport) -> bool:
        """Take in what a machine tells; whether it is to leave."""
        self._looking = self._looking or asyncio.create_task(self._look())
        self._directory.report(report)
        return report.machine in self._stopping

    async def leave(self, machine: str) -> None:
        """A machine has ended."""
        self._directory.leave(machine)

    async def owner(self, wanted: WantedCall) -> FoundMachine | None:
        """The machine that has the newest call which suits, if there is one."""
        return self._directory.owner(wanted)

    async def roomiest(self, besides: Collection[str]) -> FoundMachine | None:
        """The machine with most room, if one has any."""
        return self._directory.roomiest(besides)

    async def present(self) -> list[MachineReport]:
        """What every machine told last."""
        return self._directory.present()

    async def _look(self) -> None:
        while True:
            try:
                self._stopping = await stopping_replicas(self._application)
            except RayError as error:  # Serve's controller is started again by itself
                log.warning("Serve does not say which replicas it stops: %s", error)
            await asyncio.sleep(LOOK_INTERVAL_S)
