"""A call of a real browser over a line that loses packets, delays them, and breaks for a while."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streaming.core.config import ServeConfig
from tests.streaming.support.bad_link import HERE, BadLink, bad_link
from tests.streaming.support.browser import first_picture, judge_call
from tests.streaming.support.far_browser import chromium_in, open_page
from tests.streaming.support.live_server import serving_bars
from tests.streaming.support.namespaces import Machine, machines
from tests.streaming.support.polling import load_factor
from tests.support import need

LOSS, JITTER, OUTAGE = 0.05, 0.05, 2.0
RECOVERY = 20.0  # seconds until lips and voice must be together again
FORGETTING = 75.0  # seconds until the browser's buffer for sound has forgotten packets out of order
LOOK = 10.0  # seconds
MOST_SKEW = 125.0  # ms: sound that is later is noticed (ITU-R BT.1359)
SAME = 60.0  # ms that mouth and voice may be later than before


@pytest.fixture
def far_away() -> Iterator[tuple[Machine, BadLink]]:
    need("chromium", "playwright")
    with machines("caller") as (machine,), bad_link(machine) as link:
        yield machine, link


def test_a_call_survives_and_is_in_step_again(
    far_away: tuple[Machine, BadLink], tmp_path: Path
) -> None:
    from playwright.sync_api import sync_playwright

    machine, link = far_away
    config = ServeConfig(max_sessions=2, block_code=True, private_candidates=True)
    with serving_bars(tmp_path, config, "0.0.0.0") as server, sync_playwright() as playwright:
        page = open_page(playwright, chromium_in(machine, tmp_path), server, HERE)
        page.click("#start")
        first_picture(page)
        page.wait_for_timeout(5000)
        before = judge_call(page, LOOK)
        link.be(LOSS, JITTER)
        page.wait_for_timeout(12_000)
        link.be(loss=1.0)
        page.wait_for_timeout(OUTAGE * 1000)
        link.be(LOSS, JITTER)
        page.wait_for_timeout(3000)
        link.be()
        page.wait_for_timeout(RECOVERY * 1000)
        soon = judge_call(page, LOOK)
        page.wait_for_timeout((FORGETTING - RECOVERY - LOOK) * 1000)
        later = judge_call(page, LOOK)
        peers = page.evaluate("liveProbe.peers.length")
        page.context.browser.close()
    print(before, soon, later, sep="\n")
    assert peers == 1, "it is the same call"
    assert soon.fps > 20
    for after in (soon, later):
        assert after.skew.p50 <= MOST_SKEW * load_factor()
        assert after.mouth_delay.p50 - before.mouth_delay.p50 <= SAME * load_factor()
    assert later.voice_delay.p50 - before.voice_delay.p50 <= SAME * load_factor()
