"""Firefox on a machine without loudspeakers: a call from Start to lips, and the view of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.streaming.support.browser import SHOWN
from tests.streaming.support.firefox import FirefoxPage, firefox
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.polling import wait_until
from tests.support import need


@pytest.fixture
def page(tmp_path: Path) -> Iterator[FirefoxPage]:
    need("firefox-esr")
    with firefox(tmp_path) as page:
        yield page


MOVES = """(async () => {
  const video = document.getElementById('video');
  const pen = new OffscreenCanvas(32, 32).getContext('2d', { willReadFrequently: true });
  let sum = 0;
  for (let n = 0; n < 20; n++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    pen.drawImage(video, 0, 0, 32, 32);
    sum = Math.max(sum, pen.getImageData(16, 26, 1, 1).data[0]);
  }
  return sum;
})()"""


def test_start_shows_the_face_the_microphone_moves_it_and_a_viewer_sees_it(
    page: FirefoxPage, server: LiveServer
) -> None:
    page.goto(server.address)
    wait_until(lambda: page.evaluate("document.querySelectorAll('#gallery > *').length"), 20)
    page.click("#start")
    wait_until(lambda: page.evaluate(SHOWN), 30)
    assert page.evaluate("document.getElementById('stage').dataset.state") == "live"
    wait_until(lambda: page.evaluate(MOVES) > 180, 20)

    view = page.another()
    view.goto(f"{server.address}/view")
    wait_until(lambda: view.evaluate(SHOWN), 30)
    wait_until(lambda: view.evaluate(MOVES) > 180, 20)
    page.click("#stop")
    wait_until(lambda: server.sessions() == 0, 5)
