"""Two media workers behind one address, as people meet them: the page and `/view` in Chromium."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from streaming.benchmark.live_benchmark import running_server
from tests.streaming.support.browser import first_picture, frames_shown
from tests.streaming.support.certificate import make_certificate
from tests.streaming.support.polling import wait_until
from tests.streaming.support.processes import runs
from tests.tiny_speaker import make_tiny_bundle

DRAIN_S = 5
LIVE = "document.getElementById('video').classList.contains('live')"


@pytest.fixture
def pages(browser: Any) -> Iterator[Any]:
    """Opens addresses in contexts of their own; nothing may go wrong in any page's script."""
    wrong: list[str] = []
    contexts = []

    def open_page(address: str) -> Any:
        contexts.append(browser.new_context(ignore_https_errors=True))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def settings(folder: Path) -> Path:
    """Two workers, with TLS."""
    cert, key = make_certificate(folder)
    file = folder / "serve.yaml"
    file.write_text(
        f"workers: 2\nmax_sessions: 3\ndrain_s: {DRAIN_S}\ntls_cert: {cert}\ntls_key: {key}\n"
    )
    return file


def test_calls_are_held_looked_at_and_seen_off(tmp_path: Path, pages: Any) -> None:
    speaker = make_tiny_bundle(tmp_path / "tiny")
    flags = ("--speaker", str(speaker), "--config", str(settings(tmp_path)))
    with running_server(*flags) as (address, pid):
        assert address.startswith("https://")
        view = pages(f"{address}/view")
        callers = [pages(address), pages(address)]
        for caller in callers:
            caller.click("#start")
            first_picture(caller)
        wait_until(lambda: view.evaluate(LIVE))
        found = httpx.get(f"{address}/metrics", verify=False).text
        for worker in "01":
            assert f'avatar_sessions{{worker="{worker}"}} 1.0' in found
        for page in (view, *callers):
            before = frames_shown(page)
            wait_until(lambda page=page, before=before: frames_shown(page) > before + 10)

        os.kill(pid, signal.SIGTERM)
        for caller in callers:
            wait_until(lambda page=caller: page.inner_text("#status").startswith("The server stop"))
        callers[0].click("#stop")
        wait_until(lambda: callers[1].is_visible("#notice"))
        assert callers[1].inner_text("#notice-title") == "The server says goodbye"
        wait_until(lambda: not view.evaluate(LIVE))
        wait_until(lambda: not runs(pid))
