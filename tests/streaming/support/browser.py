"""Real Chromium for tests: a page on a server, its microphone fed from a sound of known content."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streaming.benchmark.live_benchmark import BROWSER_FLAGS, CHROMIUM
from streaming.benchmark.live_report import LiveReport, judge
from streaming.benchmark.process_usage import Usage

SHOWN = "(v => v.videoWidth > 0 && v.currentTime > 0)(document.getElementById('video'))"
# Mean brightness of the lower middle of what the page shows: where mouths and bars move.
MOUTH = """() => {
  const video = document.getElementById('video');
  const pen = new OffscreenCanvas(32, 32).getContext('2d', { willReadFrequently: true });
  pen.drawImage(video, 0, 0, 32, 32);
  const { data } = pen.getImageData(12, 16, 8, 12);
  return data.reduce((sum, value, i) => sum + (i % 4 === 3 ? 0 : value), 0) / (data.length * 0.75);
}"""


@contextmanager
def chromium(microphone: Path) -> Iterator[Any]:
    """A headless browser that hears the WAV file `microphone`, again and again."""
    from playwright.sync_api import sync_playwright

    flags = [*BROWSER_FLAGS, f"--use-file-for-fake-audio-capture={microphone}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            yield browser
        finally:
            browser.close()


def timeouts() -> float:
    """1 on a machine with nothing else to do, more where other programs want the same cores."""
    return max(1.0, os.getloadavg()[0] / (2 * len(os.sched_getaffinity(0))))


def wait_until(condition: Callable[[], Any], seconds: float) -> float:
    """Seconds until `condition` held; fails after `seconds` (more on a busy machine)."""
    begun, limit = time.monotonic(), seconds * timeouts()
    while not condition():
        assert time.monotonic() - begun < limit, f"not within {limit:.1f} s"
        time.sleep(0.02)
    return time.monotonic() - begun


def first_picture(page: Any, seconds: float = 10) -> float:
    """Seconds until the page shows a picture of the call."""
    return wait_until(lambda: page.evaluate(SHOWN), seconds)


def frames_shown(page: Any) -> int:
    script = "document.getElementById('video').getVideoPlaybackQuality().totalVideoFrames"
    return int(page.evaluate(script))


def judge_call(page: Any, seconds: float) -> LiveReport:
    """The next `seconds` of a call whose page has the benchmark's probe in it."""
    page.evaluate("liveProbe.settled()")
    page.wait_for_timeout(seconds * 1000)
    return judge(page.evaluate("liveProbe.collect()"), Usage(0, 0, 0))
