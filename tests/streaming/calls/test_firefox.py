"""Firefox on a machine without loudspeakers: a call from Start to lips, and the view of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streaming.webrtc.messages import TalkHeard, TalkOffer, TalkSaid, TalkService, TalkState
from tests.streaming.support.browser import SHOWN
from tests.streaming.support.firefox import FirefoxPage, firefox
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.polling import wait_until
from tests.streaming.support.scripted_talk import serving_talk
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


def test_who_types_in_firefox_is_answered(page: FirefoxPage, tmp_path: Path) -> None:
    reader = TalkService(role="reader", address="this machine")
    offer = TalkOffer(kind="reader", services=[reader], stored=False)
    with serving_talk(tmp_path, offer) as talk:
        page.goto(talk.address)
        wait_until(lambda: page.evaluate("!document.getElementById('typed').hidden"), 20)
        page.evaluate("document.getElementById('text').value = 'Hello'")
        page.click("#typed button")
        wait_until(lambda: talk.typed == ["Hello"], 30)
        talk.say(TalkHeard(id=1, text="Hello", final=True))
        talk.say(TalkState(state="speaking"), TalkSaid(id=1, text="Hello to you.", final=False))
        rows = "[...document.querySelectorAll('#captions p')].map((row) => row.textContent)"
        wait_until(lambda: page.evaluate(rows) == ["You: Hello", "bar: Hello to you."], 10)
        page.click("#interrupt")
        wait_until(lambda: talk.interruptions == 1, 10)
