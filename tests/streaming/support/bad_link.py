"""A bad line between this machine and a namespace: two TUN devices and a program between them.

`python -m tests.streaming.support.bad_link NEAR FAR` makes the devices and passes packets on, worse
or better as standard input says: a line `LOSS JITTER` (a part of the packets, seconds) at a time.
Every packet waits on its own, so that they overtake each other; loss 1 is a cut cable.
"""

import contextlib
import fcntl
import heapq
import itertools
import os
import random
import selectors
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from tests.streaming.support.namespaces import Machine, ip

HERE, THERE = "10.77.0.1", "10.77.0.2"
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
PACKET = 65536  # bytes


class BadLink:
    """The running line; perfect until told otherwise."""

    def __init__(self, commands: IO[str]) -> None:
        self._commands = commands

    def be(self, loss: float = 0.0, jitter: float = 0.0) -> None:
        """From now on lose this part of the packets, and hold each up to `jitter` seconds."""
        self._commands.write(f"{loss} {jitter}\n")
        self._commands.flush()


@contextmanager
def bad_link(there: Machine) -> Iterator[BadLink]:
    """A line from HERE in this namespace to THERE in the other."""
    near, far = f"avn{os.getpid()}", f"avf{os.getpid()}"
    relay = subprocess.Popen(
        [sys.executable, "-m", __name__, near, far],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert relay.stdin
        assert relay.stdout
        assert relay.stdout.readline() == "made\n"
        ip("address", "add", f"{HERE}/30", "dev", near)
        ip("link", "set", near, "up")
        ip("link", "set", far, "netns", there.name)
        there.ip("address", "add", f"{THERE}/30", "dev", far)
        there.ip("link", "set", far, "up")
        yield BadLink(relay.stdin)
    finally:
        relay.kill()
        relay.communicate()


def _open_tun(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


def _relay(near: int, far: int) -> None:
    chance, order = random.Random(0), itertools.count()
    loss = jitter = 0.0
    held: list[tuple[float, int, int, bytes]] = []  # leaves at, order, device, packet
    watched = selectors.DefaultSelector()
    for device in (near, far, sys.stdin.fileno()):
        watched.register(device, selectors.EVENT_READ)
    while True:
        wait = max(0.0, held[0][0] - time.monotonic()) if held else None
        for key, _ in watched.select(wait):
            if key.fd == sys.stdin.fileno():
                loss, jitter = map(float, os.read(key.fd, PACKET).split()[-2:])
            else:
                packet, out = os.read(key.fd, PACKET), far if key.fd == near else near
                leaves = time.monotonic() + chance.random() * jitter
                if chance.random() >= loss:
                    heapq.heappush(held, (leaves, next(order), out, packet))
        while held and held[0][0] <= time.monotonic():
            *_, out, packet = heapq.heappop(held)
            with contextlib.suppress(OSError):  # until both ends are up
                os.write(out, packet)


if __name__ == "__main__":
    devices = [_open_tun(name) for name in sys.argv[1:3]]
    print("made", flush=True)
    _relay(*devices)
