"""The page in real Chromium, talking with a real echo and a real reader."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pipecat", reason="pipecat-ai is not installed", exc_type=ImportError)

from streaming.core.config import ServeConfig
from tests.sounds import RATE, write_wav
from tests.streaming.support.browser import MOUTH
from tests.streaming.support.live_server import serving_bars
from tests.streaming.support.person import spoken
from tests.streaming.support.polling import wait_until
from tests.support import need

# Every state that the mark shows, in order.
NOTE_STATES = """addEventListener('DOMContentLoaded', () => {
  const mark = document.getElementById('doing');
  window.states = [];
  new MutationObserver(() => states.push(mark.dataset.state))
    .observe(mark, { attributeFilter: ['data-state'] });
});"""


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence and seven seconds of silence, which the browser hears again and again."""
    need("flite")
    text = "Good morning, how are you today? I hope that you have slept well."
    said = np.concatenate([spoken(text), np.zeros(7 * RATE)]) / 32768
    return write_wav(tmp_path_factory.mktemp("sound") / "said.wav", said)


def test_an_echo_listens_and_speaks_and_escape_stops_it(browser: Any, tmp_path: Path) -> None:
    with serving_bars(tmp_path, ServeConfig(talk="echo")) as server:
        page = browser.new_page()
        page.add_init_script(NOTE_STATES)
        page.goto(server.address)
        page.get_by_role("radio", name="Talk").wait_for()
        page.click("#start")
        page.wait_for_selector("#doing[data-state=speaking]", timeout=40_000)
        seen = page.evaluate("states.filter((state) => state)")
        assert seen[:4] == ["listening", "heard-speech", "thinking", "speaking"]
        levels = [page.evaluate(MOUTH) for _ in range(10) if not page.wait_for_timeout(50)]
        assert max(levels) - min(levels) > 10, "the bar moves with the voice"
        page.keyboard.press("Escape")
        page.wait_for_selector("#doing[data-state=listening]", timeout=5_000)
        assert page.inner_text("#status") == "Live"
        page.close()


def test_a_reader_reads_what_is_typed_and_captions_it(browser: Any, tmp_path: Path) -> None:
    need("espeak-ng")
    with serving_bars(tmp_path, ServeConfig(talk="reader")) as server:
        page = browser.new_page()
        page.goto(server.address)
        page.get_by_label("What you want to say").fill("The quick brown fox is awake.")
        page.keyboard.press("Enter")
        page.wait_for_selector("#doing[data-state=speaking]", timeout=40_000)
        lines = page.locator("#captions p")
        wait_until(lambda: lines.count() == 2, 10)
        words = "The quick brown fox is awake."
        assert lines.all_inner_texts() == [f"You: {words}", f"bar: {words}"]
        page.wait_for_selector("#doing[data-state=listening]", timeout=20_000)
        page.close()
