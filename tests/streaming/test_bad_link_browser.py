"""A call of a real browser over a line that loses packets, delays them, and breaks for a while."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streaming.config import ServeConfig
from streaming.live_benchmark import BROWSER_FLAGS, CHROMIUM, PROBE
from streaming.live_report import LiveReport, judge
from streaming.process_usage import Usage
from tests.streaming.bad_link import HERE, BadLink, bad_link
from tests.streaming.browser import first_picture, patience
from tests.streaming.live_server import LiveServer, serving_bars
from tests.streaming.namespaces import Machine, machines
from tests.support import need

LOSS, JITTER, OUTAGE = 0.05, 0.05, 2.0
RECOVERY = 20.0  # seconds until the browser must have forgotten
MOST_SKEW = 80.0  # ms
SAME_MOUTH = 60.0  # ms that the mouth may be later than before
SAME_VOICE = 120.0  # ms: Chromium gives back only slowly what it added to the voice


@pytest.fixture
def far_away() -> Iterator[tuple[Machine, BadLink]]:
    need("chromium", "playwright")
    with machines("caller") as (machine,), bad_link(machine) as link:
        yield machine, link


def chromium_in(machine: Machine, folder: Path) -> Path:
    """A program that is Chromium on that machine."""
    script = folder / "chromium"
    script.write_text(f'#!/bin/sh\nexec {" ".join(machine.inside(CHROMIUM))} "$@"\n')
    script.chmod(stat.S_IRWXU)
    return script


def open_page(playwright: Any, program: Path, server: LiveServer) -> Any:
    flags = [*BROWSER_FLAGS, f"--host-resolver-rules=MAP localhost {HERE}"]
    browser = playwright.chromium.launch(executable_path=str(program), args=flags)
    page = browser.new_context(bypass_csp=True).new_page()
    page.add_init_script(path=PROBE)
    page.goto(server.address.replace("127.0.0.1", "localhost"))
    return page


def look(page: Any, seconds: float) -> LiveReport:
    page.evaluate("liveProbe.settled()")
    page.wait_for_timeout(seconds * 1000)
    return judge(page.evaluate("liveProbe.collect()"), Usage(0, 0, 0))


def test_a_call_survives_and_is_in_step_again(
    far_away: tuple[Machine, BadLink], tmp_path: Path
) -> None:
    from playwright.sync_api import sync_playwright

    machine, link = far_away
    config = ServeConfig(max_sessions=2, block_code=True, private_candidates=True)
    with serving_bars(tmp_path, config, "0.0.0.0") as server, sync_playwright() as playwright:
        page = open_page(playwright, chromium_in(machine, tmp_path), server)
        page.click("#start")
        first_picture(page)
        page.wait_for_timeout(5000)
        before = look(page, 10)
        link.be(LOSS, JITTER)
        page.wait_for_timeout(12_000)
        link.be(loss=1.0)
        page.wait_for_timeout(OUTAGE * 1000)
        link.be(LOSS, JITTER)
        page.wait_for_timeout(3000)
        link.be()
        page.wait_for_timeout(RECOVERY * 1000)
        after = look(page, 10)
        peers = page.evaluate("liveProbe.peers.length")
        page.context.browser.close()
    print(before, after)
    assert peers == 1, "it is the same call"
    assert after.skew.p95 <= MOST_SKEW * patience()
    assert after.mouth_delay.p50 - before.mouth_delay.p50 <= SAME_MOUTH * patience()
    assert after.voice_delay.p50 - before.voice_delay.p50 <= SAME_VOICE * patience()
    assert after.fps > 20
