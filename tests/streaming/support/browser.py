"""Real Chromium for tests: a page on a server, its microphone fed from a sound of known content."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streaming.benchmark.live_benchmark import BROWSER_FLAGS, CHROMIUM
from streaming.benchmark.live_report import LiveReport, judge
from streaming.benchmark.process_usage import Usage
from tests.streaming.support.polling import wait_until

SHOWN = "(v => v.videoWidth > 0 && v.currentTime > 0)(document.getElementById('video'))"
# Mean brightness of the lower middle of what the page shows: where mouths and bars move.
MOUTH = """() => {
  const video = document.getElementById('video');
  const pen = new OffscreenCanvas(32, 32).getContext('2d', { willReadFrequently: true });
  pen.drawImage(video, 0, 0, 32, 32);
  const { data } = pen.getImageData(12, 16, 8, 12);
  return data.reduce((sum, value, i) => sum + (i % 4 === 3 ? 0 : value), 0) / (data.length * 0.75);
}"""

REFUSE_MICROPHONE = """navigator.mediaDevices.getUserMedia = async () => {
  throw new DOMException('no', 'NotAllowedError');
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
