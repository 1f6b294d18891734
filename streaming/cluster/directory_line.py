"""A machine's way to the directory, which is an actor of Ray with a name."""

import asyncio
import logging
from collections.abc import Collection
from typing import Any

import ray
from ray.exceptions import RayError

from streaming.cluster.directory import FoundMachine, MachineReport
from streaming.cluster.directory_actor import DirectoryActor
from streaming.server.errors import NotReadyError
from streaming.workers.known_call import WantedCall

log = logging.getLogger(__name__)

NAMESPACE = "avatar"
ANSWER_TIMEOUT_S = 5.0


class DirectoryLine:
    """The directory of an application, made if there is none yet.

    Every method raises NotReadyError if it does not answer.
    """

    def __init__(self, application: str) -> None:
        options = {
            "name": f"directory of {application}",
            "namespace": NAMESPACE,
            "get_if_exists": True,
            "lifetime": "detached",  # it is there for the next version too
            "num_cpus": 0,
            "max_restarts": -1,
        }
        self._actor: Any = ray.remote(DirectoryActor).options(**options).remote(application)

    async def key(self) -> str:
        """Of the private doors."""
        key: str = await _answer(self._actor.key.remote())
        return key

    async def report(self, report: MachineReport) -> bool:
        """Tell of this machine; whether it is to leave."""
        leaves: bool = await _answer(self._actor.report.remote(report))
        return leaves

    async def leave(self, machine: str) -> None:
        """Tell that this machine has ended."""
        await _answer(self._actor.leave.remote(machine))

    async def owner(self, wanted: WantedCall) -> FoundMachine | None:
        """The machine that has the newest call which suits, if there is one."""
        found: FoundMachine | None = await _answer(self._actor.owner.remote(wanted))
        return found

    async def roomiest(self, besides: Collection[str]) -> FoundMachine | None:
        """The machine with most room, if one has any."""
        found: FoundMachine | None = await _answer(self._actor.roomiest.remote(besides))
        return found

    async def present(self) -> list[MachineReport]:
        """What every machine told last."""
        reports: list[MachineReport] = await _answer(self._actor.present.remote())
        return reports


async def _answer(reference: Any) -> Any:
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await reference
    except (RayError, TimeoutError) as error:
        log.warning("the directory of calls does not answer: %s", error)
        raise NotReadyError from error
