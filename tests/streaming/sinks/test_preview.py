"""The preview window on a real X server, and without one."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from avatar.errors import AvatarError
from streaming.render.renderer import I420
from streaming.sinks.preview import Preview
from tests.streaming.support.polling import until
from tests.support import need

SIZE = (320, 240)
SCREEN = (640, 480)
DISPLAY = ":97"


@pytest.fixture
def desktop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    need("Xvfb", "ffmpeg")
    command = ["Xvfb", DISPLAY, "-screen", "0", "{}x{}x24".format(*SCREEN), "-nolisten", "tcp"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    monkeypatch.setenv("DISPLAY", DISPLAY)
    yield
    process.terminate()
    process.wait(5)


def screenshot() -> np.ndarray:
    command = ["ffmpeg", "-v", "error", "-f", "x11grab", "-video_size", "{}x{}".format(*SCREEN)]
    command += ["-i", DISPLAY, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    size = SCREEN[0] * SCREEN[1]
    return np.frombuffer(done.stdout.ljust(size, b"\0")[:size], np.uint8).reshape(SCREEN[::-1])


async def show_on(preview: Preview, picture: I420) -> None:
    while True:
        await preview.ready()
        preview.show(0, picture)
        await asyncio.sleep(0.1)


@pytest.mark.usefixtures("desktop")
async def test_the_picture_is_on_the_screen() -> None:
    preview = Preview(SIZE)
    picture = np.full((SIZE[1] * 3 // 2, SIZE[0]), 128, np.uint8)
    picture[: SIZE[1]] = 200
    showing = asyncio.create_task(show_on(preview, picture))
    await until(lambda: (screenshot() > 180).sum() >= 0.8 * SIZE[0] * SIZE[1], 30)
    showing.cancel()
    await preview.close()


async def test_without_a_desktop_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    assert "WAYLAND_DISPLAY" not in os.environ
    preview = Preview(SIZE)
    picture = np.zeros((SIZE[1] * 3 // 2, SIZE[0]), np.uint8)
    with pytest.raises(AvatarError, match="is there a desktop"):
        await asyncio.wait_for(show_on(preview, picture), 60)
    with pytest.raises(AvatarError):
        await preview.close()


def test_without_its_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(AvatarError, match=r"pip install 'speech2lip-live\[camera\]'"):
        Preview(SIZE)
