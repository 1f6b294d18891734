"""The page in Chromium's window, recorded off the screen, as anybody could."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from streaming.benchmark.live_benchmark import BROWSER_FLAGS, CHROMIUM
from streaming.marks.verify import verify
from tests.streaming.support.browser import first_picture
from tests.streaming.support.live_server import LiveServer
from tests.support import need

DISPLAY, SCREEN = ":98", "1280x800"
SECONDS = 4


@contextmanager
def desktop() -> Iterator[None]:
    command = ["Xvfb", DISPLAY, "-screen", "0", f"{SCREEN}x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(5)


@pytest.fixture
def page(microphone: Path) -> Iterator[Any]:
    """A page in a window that fills the screen."""
    need("Xvfb", "ffmpeg", "chromium", "playwright")
    from playwright.sync_api import sync_playwright

    flags = [flag for flag in BROWSER_FLAGS if not flag.startswith("--headless")]
    flags += [f"--use-file-for-fake-audio-capture={microphone}"]
    flags += ["--window-position=0,0", f"--window-size={SCREEN.replace('x', ',')}"]
    with desktop(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=flags,
            headless=False,
            env={**os.environ, "DISPLAY": DISPLAY},
        )
        yield browser.new_page(no_viewport=True)
        browser.close()


def record_screen(film: Path) -> None:
    command = ["ffmpeg", "-v", "error", "-f", "x11grab", "-framerate", "30"]
    command += ["-video_size", SCREEN, "-i", DISPLAY, "-t", str(SECONDS)]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(film)]
    subprocess.run(command, check=True, timeout=60)


def test_the_watermark_is_read_off_a_recording_of_the_screen(
    server: LiveServer, page: Any, tmp_path: Path
) -> None:
    page.goto(server.address)
    page.click("#start")
    first_picture(page)
    time.sleep(2)  # until the connection carries pictures at their best
    record_screen(tmp_path / "screen.mkv")
    found = verify(tmp_path / "screen.mkv").named(["bar"])
    assert found.speaker == "bar"
