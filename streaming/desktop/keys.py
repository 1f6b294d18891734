"""Keys pressed in the terminal, each at once."""

import asyncio
import os
import sys
from collections.abc import Callable

POLL_INTERVAL_S = 0.05  # between looks, where a terminal cannot be waited for

Take = Callable[[str], object]


async def watch_keys(take: Take) -> None:
    """Hand `take` each key until cancelled; without a terminal there are none."""
    if sys.stdin is None or not sys.stdin.isatty():
        return
    if sys.platform == "win32":
        import msvcrt

        while True:
            while msvcrt.kbhit():
                take(msvcrt.getwch())
            await asyncio.sleep(POLL_INTERVAL_S)
    elif _in_front(terminal := sys.stdin.fileno()):
        import termios
        import tty

        before = termios.tcgetattr(terminal)
        tty.setcbreak(terminal)
        loop = asyncio.get_running_loop()
        loop.add_reader(terminal, _read, terminal, take)
        try:
            await asyncio.Event().wait()
        finally:
            loop.remove_reader(terminal)
            if _in_front(terminal):
                termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _read(terminal: int, take: Take) -> None:
    if not _in_front(terminal):
        return
    try:
        typed = os.read(terminal, 64)
    except OSError:  # it was closed
        typed = b""
    if not typed:
        asyncio.get_running_loop().remove_reader(terminal)
    for key in typed.decode(errors="ignore"):
        take(key)


def _in_front(terminal: int) -> bool:
    """Whether this program is in its foreground: otherwise it would be stopped for touching it."""
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # not the one that this program was started from
        return True
