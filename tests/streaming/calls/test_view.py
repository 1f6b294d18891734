"""`/view` in real Chromium, as OBS's Browser Source shows it: a running call, and the next."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from streaming.core.config import ServeConfig
from tests.streaming.support.browser import MOUTH, first_picture, frames_shown
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.polling import load_factor, wait_until
from tests.streaming.support.stranger import token

CORNERS = "getComputedStyle(document.body).backgroundColor"
LIVE = "document.getElementById('video').classList.contains('live')"
HEARD = """async () => {
  const context = new AudioContext();
  const meter = new AnalyserNode(context, { fftSize: 2048 });
  context.createMediaStreamSource(document.getElementById('video').srcObject).connect(meter);
  const samples = new Float32Array(2048);
  let loudest = 0;
  for (let i = 0; i < 40; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    meter.getFloatTimeDomainData(samples);
    loudest = Math.max(loudest, ...samples.map(Math.abs));
  }
  return loudest;
}"""

NEVER_GATHERED = """
  const describe = RTCPeerConnection.prototype.setLocalDescription;
  window.described = 0;
  RTCPeerConnection.prototype.setLocalDescription = async function (...given) {
    await describe.apply(this, given);
    window.described++;
  };
  const get = () => "gathering";
  Object.defineProperty(RTCPeerConnection.prototype, "iceGatheringState", { get });
"""


@pytest.fixture(scope="module")
def server_config(token_secret_file: str) -> ServeConfig:
    return ServeConfig(token_secret_file=token_secret_file)


def link(server: LiveServer, role: str, speaker: str = "*", path: str = "") -> str:
    return f"{server.address}/{path}#token={token(role, speaker, 300)}"


@pytest.fixture
def pages(browser: Any) -> Iterator[Any]:
    """Opens addresses in contexts of their own."""
    contexts = []

    def open_page(address: str) -> Any:
        contexts.append(browser.new_context())
        page = contexts[-1].new_page()
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_it_waits_shows_the_call_and_the_next_one(server: LiveServer, pages: Any) -> None:
    view = pages(link(server, "view", path="view"))
    time.sleep(1)
    assert not view.evaluate(LIVE), "there is no call yet"
    assert view.evaluate(CORNERS) == "rgba(0, 0, 0, 0)", "OBS sees through it"
    assert view.evaluate("document.querySelectorAll('button, input, [controls]').length") == 0

    caller = pages(link(server, "talk"))
    caller.click("#start")
    first_picture(caller)
    wait_until(lambda: view.evaluate(LIVE), 10)
    before = frames_shown(view)
    levels = [view.evaluate(MOUTH) for _ in range(50) if not time.sleep(0.05)]
    assert max(levels) - min(levels) > 20, "the bar moves with the caller's beeps"
    assert frames_shown(view) > before + 25
    assert view.evaluate(HEARD) > 0.05

    caller.click("#stop")
    wait_until(lambda: not view.evaluate(LIVE), 5)
    caller.click("#start")
    wait_until(lambda: view.evaluate(LIVE), 10)
    view.close()
    assert server.sessions() == 1, "a viewer is no call, and takes none with it"


def test_a_viewer_who_joins_late_stays_in_step(server: LiveServer, pages: Any) -> None:
    caller = pages(link(server, "talk"))
    caller.click("#start")
    first_picture(caller)
    time.sleep(5)
    view = pages(link(server, "view", path="view"))
    wait_until(lambda: view.evaluate(LIVE), 10)
    time.sleep(15)  # Chromium moves a track that it takes for late bit by bit
    skews = view.evaluate(SKEWS)
    assert len(skews) >= 4
    print(skews)
    assert abs(np.median(skews)) < 80 * load_factor()


SKEWS = """async () => {
  const video = document.getElementById('video');
  const context = new AudioContext();
  const meter = new AnalyserNode(context, { fftSize: 256 });
  context.createMediaStreamSource(video.srcObject).connect(meter);
  const pen = new OffscreenCanvas(16, 16).getContext('2d', { willReadFrequently: true });
  const samples = new Float32Array(256);
  const seen = [], heard = [];
  let bright = 0, loud = false;
  const begun = performance.now();
  while (performance.now() - begun < 6500) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const now = performance.now();
    meter.getFloatTimeDomainData(samples);
    const level = Math.max(...samples.map(Math.abs)) > 0.1;
    if (level && !loud && (!heard.length || now - heard.at(-1) > 400)) heard.push(now);
    loud = level;
    pen.drawImage(video, 0, 0, 16, 16);
    const mouth = pen.getImageData(8, 12, 1, 1).data[0];
    if (mouth > bright + 40 && (!seen.length || now - seen.at(-1) > 400)) seen.push(now);
    bright = mouth;
  }
  return seen.map((s) => heard.map((h) => h - s).sort((a, b) => Math.abs(a) - Math.abs(b))[0]);
}"""


@pytest.mark.parametrize(
    ("role", "speaker", "words"),
    [("talk", "*", "A valid link is needed"), ("view", "pale", "")],
)
def test_another_token_shows_nothing_and_one_that_is_no_good_says_so(
    server: LiveServer, pages: Any, role: str, speaker: str, words: str
) -> None:
    caller = pages(link(server, "talk"))
    caller.click("#start")
    first_picture(caller)
    view = pages(link(server, role, speaker, path="view"))
    time.sleep(3)
    assert not view.evaluate(LIVE)
    assert view.is_visible("#refused") == bool(words)
    assert view.inner_text("#refused").startswith(words)


def test_the_token_is_in_no_address_that_a_server_sees(server: LiveServer, pages: Any) -> None:
    page = pages("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition("#")[0]))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.goto(link(server, "view", path="view"))
    page.wait_for_timeout(1000)
    assert any(url.startswith("ws") for url in asked)
    assert not [url for url in asked if "token=" in url]


def test_a_server_that_goes_away_before_the_offer_is_made_is_asked_again(
    server: LiveServer, browser: Any
) -> None:
    wrong, sockets = list[str](), list[Any]()

    def greet(socket: Any) -> None:
        sockets.append(socket)
        socket.send(json.dumps({"type": "hello", "ice_servers": []}))

    with browser.new_context() as context:
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.add_init_script(NEVER_GATHERED)
        page.route_web_socket("**/view/ws", greet)
        page.goto(link(server, "view", path="view"))
        wait_until(lambda: page.evaluate("window.described"))
        sockets[0].close()
        wait_until(lambda: page.evaluate("window.described") == 2)
        page.evaluate("new Promise((resolve) => setTimeout(resolve, 1600))")  # as long as it waits
    assert len(sockets) == 2
    assert wrong == []


def test_the_page_and_its_parts_are_shipped(server: LiveServer) -> None:
    for name in ("view", "view.css", "view.js", "token.js"):
        assert httpx.get(f"{server.address}/{name}").status_code == 200
