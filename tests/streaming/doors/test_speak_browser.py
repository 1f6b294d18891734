"""Plain JavaScript speaks with the face: a script in Chromium, in the call of the page itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streaming.core.config import ServeConfig
from tests.sounds import tone, write_wav
from tests.streaming.support.browser import MOUTH, first_picture
from tests.streaming.support.live_server import LiveServer

# What a user writes: a WebSocket, pieces of 16-bit sound in base64, the end of the segment.
SPEAK = """async (seconds) => {
  const pcm = new Int16Array(24000 * seconds);
  pcm.forEach((_, i) => (pcm[i] = 12000 * Math.sin((2 * Math.PI * 200 * i) / 24000)));
  const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  const socket = new WebSocket(location.href.replace("http", "ws") + "speak");
  window.agent = { socket, messages: [], pushed: null };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    agent.messages.push({ at: performance.now(), ...message });
    if (message.type !== "session.ready") return;
    agent.pushed = performance.now();
    for (let start = 0; start < pcm.length; start += 9600) {
      const audio = base64(new Uint8Array(pcm.slice(start, start + 9600).buffer));
      socket.send(JSON.stringify({ type: "agent.speak", audio }));
    }
    socket.send(JSON.stringify({ type: "agent.speak_end" }));
  };
}"""
# The time of every picture on the screen, and how bright the place of the bar was.
WATCH = """() => {
  const mouth = MOUTH;
  const video = document.getElementById("video");
  window.shown = [];
  const note = (now, { expectedDisplayTime }) => {
    shown.push([expectedDisplayTime, mouth()]);
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
}""".replace("MOUTH", MOUTH)
TOLD = "(kind) => window.agent?.messages.some(({ type }) => type === kind)"
GROWN = 20  # brightness over that at rest


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig(max_sessions=2)


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav(tmp_path_factory.mktemp("sound") / "silence.wav", tone(2.0, level=0))


@pytest.fixture
def page(browser: Any, server: LiveServer) -> Iterator[Any]:
    page = browser.new_page()
    page.goto(server.address + "/")
    page.get_by_role("button", name="Start").click()
    first_picture(page)
    page.wait_for_timeout(1500)
    page.evaluate(WATCH)
    yield page
    page.close()


def open_times(page: Any) -> list[float]:
    shown = page.evaluate("shown")
    rest = shown[0][1]
    return [at for at, brightness in shown if brightness - rest > GROWN]


def test_a_script_speaks_and_its_first_picture_comes_soon(page: Any) -> None:
    page.evaluate(SPEAK, 0.5)
    page.wait_for_function(TOLD, arg="agent.speak_ended")
    page.wait_for_timeout(500)
    messages = page.evaluate("agent.messages")
    ended = messages[-1]
    assert (ended["position_ms"], ended["interrupted"]) == (500, False)
    seen = open_times(page)
    assert 4 <= len(seen) <= 16, "half a second of pictures, fewer on a busy machine"
    print(f"first speaking picture {seen[0] - page.evaluate('agent.pushed'):.0f} ms after the push")


def test_a_script_interrupts_and_the_face_rests(page: Any) -> None:
    page.evaluate(SPEAK, 3)
    page.wait_for_function(TOLD, arg="agent.speak_started")
    page.wait_for_timeout(400)
    interrupted = page.evaluate(
        "(agent.socket.send(JSON.stringify({ type: 'agent.interrupt' })), performance.now())"
    )
    page.wait_for_function(TOLD, arg="agent.speak_ended")
    page.wait_for_timeout(1500)
    ended = page.evaluate("agent.messages.find(({ type }) => type === 'agent.speak_ended')")
    assert ended["interrupted"]
    assert 100 < ended["position_ms"] < 2900
    seen = open_times(page)
    assert len(seen) < 3 * 25 - 5, "the rest was never seen"
    print(f"last speaking picture {seen[-1] - interrupted:.0f} ms after the interruption")
