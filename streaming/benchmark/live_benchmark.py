"""How late, how smooth and how much in step a call is, on what a real browser presents.

One clock, all in the page: `live_probe.js` sends clicks as the microphone, the server (started with
`--block-code`) burns into every picture which samples it shows and where in them a sound begins,
and the page notes when that picture is presented and when the click is heard again.
"""

import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from avatar.errors import AvatarError
from streaming.benchmark.live_report import LiveReport, judge
from streaming.benchmark.process_usage import watch_process
from streaming.benchmark.server_stages import StageSpread, between, look

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROBE = Path(__file__).with_name("live_probe.js")
CHROMIUM = "/usr/bin/chromium"
BROWSER_FLAGS = (
    "--headless=new",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
)

SETTLE = 5.0  # seconds at the start that are not judged: buffers fill, the browser finds its rate
SERVER_TIMEOUT_S = 120


@contextmanager
def running_server(*flags: str) -> Iterator[tuple[str, int]]:
    """`avatar serve` in a process of its own on a free port: (address, process id)."""
    start = "from streaming.cli import main; main()"
    command = [sys.executable, "-c", start, "serve", "--port", "0", *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    guard = threading.Timer(SERVER_TIMEOUT_S, process.kill)
    guard.start()
    try:
        assert process.stdout is not None
        line = next((line for line in process.stdout if "://" in line), "")
        guard.cancel()
        if not line:
            raise AvatarError("the server did not start; try `avatar serve` to see why")
        yield line.split()[-1], process.pid
    finally:
        guard.cancel()
        process.send_signal(signal.SIGINT)
        process.wait(20)


@contextmanager
def running_browser() -> "Iterator[Browser]":
    """Headless Chromium. Raises AvatarError if it is not installed."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise AvatarError("this needs playwright: pip install playwright") from error
    if not Path(CHROMIUM).exists():
        raise AvatarError(f"this needs {CHROMIUM}: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(BROWSER_FLAGS))
        yield browser
        browser.close()


def start_call(browser: "Browser", address: str, sound: bytes = b"") -> "Page":
    """A page of its own that calls, with the probe in it; `sound`: a WAV file for it to say."""
    # The page's own content policy forbids the probe's worklet.
    page = browser.new_context(bypass_csp=True).new_page()
    if sound:
        page.add_init_script(f"window.probeSound = '{b64encode(sound).decode()}'")
    page.add_init_script(path=PROBE)
    page.goto(address)
    page.click("#start")
    return page


@dataclass(frozen=True)
class LiveRun:
    """Calls held at once, and the server beside them."""

    cores_per_call: float
    "Cores that server and renderer used for each call, everything but the browser."
    renderer_cores_per_call: float
    "Of them the renderer's."
    stages: dict[str, StageSpread]
    "Where the server says that time went, and how late its event loop woke up."
    calls: list[LiveReport]


def measure_calls(seconds: float, calls: int, server_flags: tuple[str, ...]) -> LiveRun:
    """Hold `calls` calls at once for `seconds`, each in a tab of one browser."""
    with (
        running_browser() as browser,
        running_server("--block-code", *server_flags) as (address, pid),
    ):
        pages = [start_call(browser, address) for _ in range(calls)]
        time.sleep(SETTLE)
        for page in pages:
            page.evaluate("liveProbe.settled()")
        before = look(address)
        usage = watch_process(pid, seconds)
        stages = between(before, look(address))
        collected = [page.evaluate("liveProbe.collect()") for page in pages]
    return LiveRun(
        cores_per_call=round(usage.cores / calls, 3),
        renderer_cores_per_call=round(usage.children_cores / calls, 3),
        stages=stages,
        calls=[judge(one, usage) for one in collected],
    )
