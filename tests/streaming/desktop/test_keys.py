"""Keys of a terminal, without Enter."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from streaming.desktop.keys import watch_keys
from tests.streaming.support.polling import until

termios = pytest.importorskip("termios")


async def test_keys_are_heard_at_once_and_the_terminal_is_left_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keyboard, terminal = os.openpty()
    before = termios.tcgetattr(terminal)
    pressed: list[str] = []
    with os.fdopen(terminal) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        watching = asyncio.create_task(watch_keys(pressed.append))
        await until(lambda: termios.tcgetattr(terminal) != before)
        os.write(keyboard, b"1x")
        await until(lambda: pressed == ["1", "x"])
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        assert termios.tcgetattr(terminal) == before
    os.close(keyboard)


async def test_a_terminal_that_is_closed_is_listened_to_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keyboard, terminal = os.openpty()
    before = termios.tcgetattr(terminal)
    with os.fdopen(terminal) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        watching = asyncio.create_task(watch_keys(pytest.fail))
        await until(lambda: termios.tcgetattr(terminal) != before)
        os.close(keyboard)
        for _ in range(20):
            await asyncio.sleep(0)
        assert not asyncio.get_running_loop().remove_reader(terminal), "it is still listened to"
        assert not watching.done()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_without_a_terminal_there_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        await watch_keys(pytest.fail)
