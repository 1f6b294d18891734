"""A caller changes networks in the middle of a call: the same call goes on, from there."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from streaming.core.config import ServeConfig
from tests.streaming.support.browser import first_picture, frames_shown
from tests.streaming.support.far_browser import chromium_in, open_page
from tests.streaming.support.live_server import LiveServer, serving_bars
from tests.streaming.support.polling import load_factor, wait_until
from tests.streaming.support.two_networks import HERE, TwoNetworks, two_networks
from tests.support import need

SECOND = 25  # pictures
BETWEEN = 1.5  # seconds without any network
BACK = 8.0  # seconds until pictures come again; a browser opens a WebSocket and gathers first


@pytest.fixture
def networks() -> Iterator[TwoNetworks]:
    with two_networks() as networks:
        yield networks


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    config = ServeConfig(max_sessions=1, private_candidates=True)
    with serving_bars(tmp_path, config, "0.0.0.0") as server:
        yield server


def opened() -> float:
    """Calls that were ever begun in this process."""
    return REGISTRY.get_sample_value("avatar_sessions_opened_total") or 0.0


def change_networks(networks: TwoNetworks) -> float:
    """When the new network was there (monotonic)."""
    networks.leave()
    time.sleep(BETWEEN)
    networks.change()
    return time.monotonic()


def test_a_program_comes_back_to_its_session_and_speaker(
    networks: TwoNetworks, server: LiveServer
) -> None:
    port = server.address.rpartition(":")[2]
    program = (sys.executable, "-m", "tests.streaming.support.moving_caller", HERE, port)
    caller = subprocess.Popen(
        networks.machine.inside(*program), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert caller.stdout
    assert caller.stdout.readline() == "calling\n"
    there = change_networks(networks)
    said, _ = caller.communicate("moved\n")
    report: dict[str, Any] = json.loads(said)
    assert report["sessions"][0] == report["sessions"][1]
    assert report["paths"] == ["10.78.0.2", "10.79.0.2"]
    levels = [level for at, level in report["face"] if at < there]
    back = [(at, level) for at, level in report["face"] if at > there]
    came = back[SECOND][0] - there
    print(f"a second of pictures {came:.2f} s after the network was there")
    assert came < BACK * load_factor()
    assert back[-1][1] == pytest.approx(levels[-1], abs=20), "the speaker is the same"


def test_a_browser_goes_on_with_the_same_call(
    networks: TwoNetworks, server: LiveServer, tmp_path: Path
) -> None:
    need("chromium", "playwright")
    from playwright.sync_api import sync_playwright

    before = opened()
    with sync_playwright() as playwright:
        page = open_page(playwright, chromium_in(networks.machine, tmp_path), server, HERE)
        page.click("#start")
        first_picture(page)
        page.wait_for_timeout(2000)
        there = change_networks(networks)
        shown = frames_shown(page)
        wait_until(lambda: frames_shown(page) > shown + SECOND, BACK + 5)
        print(f"a second of pictures {time.monotonic() - there:.2f} s after the network was there")
        wait_until(lambda: page.get_attribute("#stage", "data-state") == "live", 5)
        peers = page.evaluate("liveProbe.peers.length")
        page.click("#stop")
        wait_until(lambda: server.sessions() == 0, 5)
        page.context.browser.close()
    assert peers == 1
    assert opened() == before + 1, "it is the same call"
