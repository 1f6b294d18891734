"""Network namespaces: machines that can reach each other only where a cable was laid."""

import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support import need_root

_cables = itertools.count()


class Machine:
    """One namespace; programs started in it see only its own network."""

    def __init__(self, name: str) -> None:
        self.name = f"avatar-{name}-{os.getpid()}"
        ip("netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words: str) -> None:
        ip("-n", self.name, *words)

    def take(self, end: str) -> None:
        """Plug the end of a cable in."""
        ip("link", "set", end, "netns", self.name)

    def inside(self, *command: str) -> list[str]:
        """The command line that runs `command` in here."""
        return ["ip", "netns", "exec", self.name, *command]


class Here:
    """The namespace that the test itself is in."""

    def ip(self, *words: str) -> None:
        ip(*words)

    def take(self, end: str) -> None:
        """It is here already."""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def lay_cable(
    one: Machine | Here, one_address: str, other: Machine | Here, other_address: str
) -> list[str]:
    """A cable between two machines; its two ends. Addresses with their prefix, as 9.1.0.1/24."""
    number = next(_cables)
    ends = [f"av{os.getpid() % 10_000}{side}{number}" for side in "ab"]
    ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
    for machine, end, address in ((one, ends[0], one_address), (other, ends[1], other_address)):
        machine.take(end)
        machine.ip("address", "add", address, "dev", end)
        machine.ip("link", "set", end, "up")
    return ends


@contextmanager
def machines(*names: str) -> Iterator[list[Machine]]:
    """Namespaces that are gone afterwards; skips the test where there can be none."""
    need_root("ip")
    made: list[Machine] = []
    try:
        for name in names:
            made.append(Machine(name))
        yield made
    finally:
        for machine in made:
            subprocess.run(["ip", "netns", "delete", machine.name], check=False)
