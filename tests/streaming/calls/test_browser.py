"""The whole thing as people meet it: the page in real Chromium, calling a real server."""

import functools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streaming.benchmark import live_benchmark
from streaming.core.config import ServeConfig
from streaming.render.find_speakers import find_speakers
from tests.streaming.support.browser import (
    MOUTH,
    REFUSE_MICROPHONE,
    first_picture,
    frames_shown,
    judge_call,
)
from tests.streaming.support.live_server import LiveServer, serving, serving_bars
from tests.streaming.support.polling import load_factor, wait_until
from tests.tiny_speaker import make_tiny_bundle

DEMO = Path(__file__).parents[3] / "trained_speakers" / "demo"
STANDSTILL = 0.4  # seconds
KEEP_CONTEXTS = """window.contexts = [];
const Context = AudioContext;
window.AudioContext = class extends Context {
  constructor(...args) {
    super(...args);
    contexts.push(this);
  }
}"""


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig(max_sessions=2, block_code=True)


OpenPage = Callable[..., Any]


@pytest.fixture
def open_page(browser: Any) -> Iterator[OpenPage]:
    """Opens pages in contexts of their own; nothing may go wrong in any page's script."""
    wrong: list[str] = []
    contexts = []

    def open_page(server: LiveServer, script: str = "", **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        if script:
            page.add_init_script(script)
        page.goto(server.address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


def gone(server: LiveServer) -> bool:
    return server.sessions() == 0


def test_the_real_renderer_speaks_with_the_microphone(open_page: OpenPage, tmp_path: Path) -> None:
    bundle = DEMO if (DEMO / "speaker.yaml").exists() else make_tiny_bundle(tmp_path / "tiny")
    find = functools.partial(find_speakers, str(bundle), "cpu")
    with serving(find, ServeConfig()) as server:
        page = open_page(server)
        assert page.get_by_role("button", name="Start").is_visible()
        portrait = page.locator("#portrait").bounding_box()
        assert portrait["width"] > 400, "a large picture of the speaker before the start"
        page.click("#start")
        assert first_picture(page) <= 3 * load_factor()
        before, begun = frames_shown(page), time.monotonic()
        time.sleep(8)
        fps = (frames_shown(page) - before) / (time.monotonic() - begun)
        assert fps >= 22 / load_factor()
        assert page.inner_text("#status") == "Live"
        page.click("#stop")
        wait_until(lambda: gone(server), 5)


def test_the_face_moves_with_the_sound_and_rests_without(
    server: LiveServer, open_page: OpenPage
) -> None:
    page = open_page(server)
    page.click("#start")
    first_picture(page)
    time.sleep(1)
    levels = []
    for _ in range(60):
        levels.append(page.evaluate(MOUTH))
        time.sleep(0.05)
    assert max(levels) - min(levels) > 20
    page.keyboard.press("m")
    time.sleep(1)
    assert page.locator("#mute").get_attribute("aria-pressed") == "true"
    assert np.ptp([page.evaluate(MOUTH) for _ in range(20)]) < 5


def test_start_and_stop_again_and_again(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server)
    for _ in range(5):
        page.click("#start")
        first_picture(page)
        page.click("#stop")
        wait_until(lambda: gone(server), 5)
        assert page.inner_text("#status") == "Ready"


def test_two_tabs_at_once_and_a_third_is_told_that_it_is_full(
    server: LiveServer, open_page: OpenPage
) -> None:
    one, two, three = (open_page(server) for _ in range(3))
    for page in (one, two):
        page.click("#start")
    for page in (one, two):
        first_picture(page)
    counts = [frames_shown(page) for page in (one, two)]
    three.click("#start")
    wait_until(lambda: three.locator("#notice").is_visible(), 5)
    assert three.inner_text("#notice-title") == "Everybody is busy"
    assert all(frames_shown(page) > count for page, count in zip((one, two), counts, strict=True))
    one.close()
    two.close()
    wait_until(lambda: gone(server), 5)


def test_a_page_that_dies_without_a_word_is_gone_within_five_seconds(
    server: LiveServer, browser: Any, open_page: OpenPage
) -> None:
    page = open_page(server)
    page.click("#start")
    first_picture(page)
    session = browser.new_browser_cdp_session()
    target = page.context.new_cdp_session(page).send("Target.getTargetInfo")["targetInfo"]
    session.send("Target.closeTarget", {"targetId": target["targetId"]})
    wait_until(lambda: gone(server), 5)


def test_without_a_microphone_the_sample_voice_speaks(
    server: LiveServer, open_page: OpenPage
) -> None:
    page = open_page(server, REFUSE_MICROPHONE)
    page.click("#start")
    first_picture(page)
    assert page.inner_text("#notice-title") == "The microphone is not allowed"
    page.click("#sample")
    levels = [page.evaluate(MOUTH) for _ in range(40) if not time.sleep(0.05)]
    assert max(levels) - min(levels) > 20
    assert "Speaking the sample voice" in page.inner_text("#playing")


def test_a_sound_file_starts_a_call_and_is_spoken(
    server: LiveServer, open_page: OpenPage, microphone: Path, tmp_path: Path
) -> None:
    page = open_page(server, REFUSE_MICROPHONE)
    page.set_input_files("#file", microphone)
    first_picture(page)
    assert page.locator("#notice").is_hidden(), "nobody asked for the microphone"
    levels = [page.evaluate(MOUTH) for _ in range(40) if not time.sleep(0.05)]
    assert max(levels) - min(levels) > 20
    (tmp_path / "no.wav").write_bytes(b"nothing")
    page.set_input_files("#file", tmp_path / "no.wav")
    wait_until(lambda: page.locator("#notice").is_visible(), 5)
    assert page.inner_text("#notice-title") == "This file cannot be played"


def test_keys_and_buttons_ask_for_gestures_while_there_is_a_call(
    server: LiveServer, open_page: OpenPage
) -> None:
    page = open_page(server)
    sent: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda text: sent.append(text)))
    asked = lambda: [text for text in sent if '"gesture"' in text]  # noqa: E731
    assert page.is_disabled("#gestures button")
    page.click("#start")
    wait_until(lambda: page.is_enabled("#gestures button"), 20)
    page.keyboard.press("2")
    page.click("#gestures button >> text=Lean in")
    wait_until(lambda: len(asked()) == 2, 10)
    assert ['"shake"' in asked()[0], '"lean"' in asked()[1]] == [True, True]
    smile = page.locator("#gestures button >> text=Smile")
    page.keyboard.press("6")
    assert smile.is_hidden()
    page.get_by_role("radio", name="pale").click()
    wait_until(smile.is_visible, 10)
    page.keyboard.press("6")
    wait_until(lambda: len(asked()) == 3, 10)
    assert '"smile"' in asked()[2]
    assert page.is_hidden("#notice")
    page.click("#stop")
    assert page.is_disabled("#gestures button")


def test_another_speaker_during_the_call(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server)
    page.click("#start")
    first_picture(page)
    page.get_by_role("radio", name="bar").press("ArrowRight")
    assert page.get_by_role("radio", name="pale").get_attribute("aria-checked") == "true"
    corner = """() => {
      const pen = new OffscreenCanvas(8, 8).getContext('2d');
      pen.drawImage(document.getElementById('video'), 0, 0, 8, 8);
      return pen.getImageData(0, 0, 1, 1).data[1];
    }"""
    wait_until(lambda: page.evaluate(corner) > 150, 5)
    assert page.inner_text("#status") == "Live"


def test_a_recording_and_a_screenshot_are_saved(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server)
    page.click("#start")
    first_picture(page)
    with page.expect_download() as picture:
        page.click("#screenshot")
    assert Path(picture.value.path()).read_bytes().startswith(b"\x89PNG")
    page.click("#record")
    time.sleep(1.5)
    with page.expect_download() as recording:
        page.click("#record")
    assert Path(recording.value.path()).stat().st_size > 10_000
    assert recording.value.suggested_filename.endswith((".webm", ".mp4"))


def test_the_figures_are_those_of_the_call(server: LiveServer, open_page: OpenPage) -> None:
    page = open_page(server)
    page.click("#start")
    first_picture(page)
    page.keyboard.press("g")
    time.sleep(4)
    read = {name: page.inner_text(f"#f-{name}") for name in ("fps", "mouth", "skew", "rtt")}
    assert float(read["fps"]) > 20 / load_factor()
    assert 150 < float(read["mouth"]) < 400 * load_factor()
    assert abs(float(read["skew"])) < 150 * load_factor()
    assert float(read["rtt"]) < 100 * load_factor()


def test_a_server_that_stops_is_reported_in_plain_words(
    browser: Any, open_page: OpenPage, tmp_path: Path
) -> None:
    assert browser
    with serving_bars(tmp_path) as server:
        page = open_page(server)
        page.click("#start")
        first_picture(page)
    wait_until(lambda: "reconnecting" in page.inner_text("#status"), 8)
    wait_until(lambda: page.locator("#notice").is_visible(), 40)
    assert page.inner_text("#notice-title") in (
        "The server does not answer",
        "The connection was lost",
    )


def test_everything_has_a_name_and_the_page_fits_a_phone(
    server: LiveServer, open_page: OpenPage
) -> None:
    page = open_page(server, viewport={"width": 360, "height": 740})
    nameless = """() => [...document.querySelectorAll('button, select, input, [role]')]
      .filter((e) => e.checkVisibility() && e.role !== 'status')
      .filter((e) => !e.ariaLabel && !e.textContent.trim() && !e.labels?.length)
      .filter((e) => !e.getAttribute('aria-labelledby')).length"""
    assert page.evaluate(nameless) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "start"


@pytest.fixture
def probed(server: LiveServer, browser: Any) -> Iterator[Any]:
    """A page in a call, with the probe of the benchmark in it; `contexts` are its sound devices."""
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.add_init_script(KEEP_CONTEXTS)
    page.add_init_script(path=live_benchmark.PROBE)
    page.goto(server.address)
    page.click("#start")
    page.wait_for_timeout(5000)
    yield page
    context.close()


def test_what_is_presented_is_in_time_and_in_step(probed: Any) -> None:
    report = judge_call(probed, 12)
    assert report.events >= 8
    assert report.unread_pictures <= 2
    assert report.fps > 20 / load_factor()
    # Sharper figures are the business of `avatar bench --live` on a quiet machine.
    assert 120 < report.mouth_delay.p50 < 300 * load_factor()
    assert report.skew.p50 < 80 * load_factor()


def test_a_sound_device_that_stood_still_is_not_counted_as_delay(probed: Any) -> None:
    before = judge_call(probed, 8)
    probed.evaluate("Promise.all(contexts.map((one) => one.suspend()))")
    probed.wait_for_timeout(STANDSTILL * 1000)
    probed.evaluate("Promise.all(contexts.map((one) => one.resume()))")
    probed.wait_for_timeout(8000)
    after = judge_call(probed, 8)
    assert after.events >= 5
    assert after.mouth_delay.p50 - before.mouth_delay.p50 < STANDSTILL * 1000 / 2
