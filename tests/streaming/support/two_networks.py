"""A caller's machine with two ways to this one, as Wi-Fi and mobile: one at a time is up."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.streaming.support.namespaces import Here, Machine, ip, lay_cable, machines

HERE = "10.78.0.1"  # what the caller knows of the server, whichever network it is in
OTHER_GATE = "10.79.0.1"


class TwoNetworks:
    """The caller is in the first until `change`."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        here, self._first = lay_cable(Here(), f"{HERE}/24", machine, "10.78.0.2/24")
        here_too, self._other = lay_cable(Here(), f"{OTHER_GATE}/24", machine, "10.79.0.2/24")
        self._here = here, here_too
        machine.ip("link", "set", self._other, "down")

    def leave(self) -> None:
        """No network at all."""
        self.machine.ip("link", "set", self._first, "down")
        self.machine.ip("address", "flush", "dev", self._first)

    def change(self) -> None:
        """Into the other network, under another address."""
        self.machine.ip("link", "set", self._other, "up")
        self.machine.ip("route", "add", "default", "via", OTHER_GATE)

    def remove(self) -> None:
        """At once: a namespace that is deleted goes some time later, and its cables with it."""
        for end in self._here:
            ip("link", "delete", end)


@contextmanager
def two_networks() -> Iterator[TwoNetworks]:
    with machines("caller") as (machine,):
        networks = TwoNetworks(machine)
        try:
            yield networks
        finally:
            networks.remove()
