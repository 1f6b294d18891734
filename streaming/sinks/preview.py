"""A window on this desktop as a sink: what the others see."""

import importlib.util
import os
import subprocess
import sys
from typing import IO

from avatar.errors import AvatarError
from streaming.media.sink import Voice
from streaming.render.renderer import I420
from streaming.sinks.background import Background

SHUTDOWN_TIMEOUT_S = 2.0  # seconds


class Preview:
    """A process of its own draws, because windows belong to a program's main thread.

    When somebody closes the window, everything else goes on.
    """

    lead = 0.0
    name = "window"

    def __init__(self, size: tuple[int, int]) -> None:
        """`size`: width and height of every picture. Raises AvatarError without pygame."""
        if importlib.util.find_spec("pygame") is None:
            raise AvatarError(
                "the preview window needs one more package: pip install 'speech2lip-live[camera]'"
            )
        command = [sys.executable, "-m", "streaming.sinks.preview_window", *map(str, size)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYGAME_HIDE_SUPPORT_PROMPT": "1"},
            start_new_session=True,
        )
        assert self._process.stdin is not None
        self._pipe: IO[bytes] = self._process.stdin
        self._background = Background("preview")

    async def ready(self) -> None:
        await self._background.idle()

    def show(self, number: int, picture: I420) -> None:  # noqa: ARG002
        self._background.submit(self._draw, picture)

    def speak(self, start: int, samples: Voice) -> None:
        """A window has no sound."""

    async def close(self) -> None:
        await self._background.close(self._end)

    def _draw(self, picture: I420) -> None:
        if self._process.poll() is None:
            try:
                self._pipe.write(picture.tobytes())
                self._pipe.flush()
            except BrokenPipeError:
                self._process.wait(SHUTDOWN_TIMEOUT_S)
        if self._process.poll():
            raise AvatarError("the preview window cannot be shown; is there a desktop?")

    def _end(self) -> None:
        self._process.kill()
        self._process.communicate()
