"""Which machine has which call, and which one has room."""

import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from streaming.workers.addresses import MachineAddress
from streaming.workers.known_call import KnownCall, WantedCall

FORGET_S = 6.0  # without a report of a machine; two are lost before


@dataclass(frozen=True)
class MachineReport:
    """What a machine tells of itself, again and again."""

    machine: str
    "Its name among all that there ever were."
    host: str
    port: int
    "Of its private door."
    room: float
    "Calls that it could take; 0 while it is stopping."
    calls: tuple[KnownCall, ...]


@dataclass(frozen=True)
class FoundMachine:
    """A machine that was asked for."""

    machine: str
    address: MachineAddress


class Directory:
    """All machines; what has not been heard of for a while is gone."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.key = secrets.token_urlsafe(32)
        "Opens the private doors of all machines."
        self._monotonic = monotonic
        self._reports: dict[str, tuple[float, MachineReport]] = {}
        self._owners: dict[str, str] = {}  # of calls, by id
        self._promised: dict[str, int] = {}  # calls sent to a machine since its last report

    def report(self, report: MachineReport) -> None:
        """Take in what a machine tells."""
        self.leave(report.machine)
        self._reports[report.machine] = self._monotonic(), report
        self._owners |= {call.id: report.machine for call in report.calls}

    def leave(self, machine: str) -> None:
        """A machine has ended."""
        _, before = self._reports.pop(machine, (0.0, None))
        for call in before.calls if before else ():
            self._owners.pop(call.id, None)
        self._promised.pop(machine, None)

    def owner(self, wanted: WantedCall) -> FoundMachine | None:
        """The machine that has the newest call which suits, if there is one."""
        reports = self.present()
        if wanted.ids:
            known = [self._owners[session] for session in wanted.ids if session in self._owners]
            reports = [report for report in reports if report.machine in known]
        found = [
            (call.begun or 0.0, report.machine)
            for report in reports
            for call in report.calls
            if wanted.suits(call)
        ]
        return self._found(max(found)[1]) if found else None

    def roomiest(self, besides: Collection[str]) -> FoundMachine | None:
        """The machine with most room, if one has any; it is counted as sent a call."""
        rooms = [
            (report.room - self._promised.get(report.machine, 0), report.machine)
            for report in self.present()
            if report.machine not in besides
        ]
        room, machine = max(rooms, default=(0.0, ""))
        if room < 1:
            return None
        self._promised[machine] = self._promised.get(machine, 0) + 1
        return self._found(machine)

    def present(self) -> list[MachineReport]:
        """What every machine told last."""
        oldest = self._monotonic() - FORGET_S
        for machine in [name for name, known in self._reports.items() if known[0] < oldest]:
            self.leave(machine)
        return [report for _, report in self._reports.values()]

    def _found(self, machine: str) -> FoundMachine:
        _, report = self._reports[machine]
        return FoundMachine(machine, MachineAddress(report.host, report.port, self.key))
