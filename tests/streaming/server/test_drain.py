"""SIGTERM with calls running, to a server in a process of its own."""

import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from streaming.benchmark.live_benchmark import running_server
from tests.sounds import beeps, write_wav
from tests.streaming.support.browser import chromium, first_picture
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.page_socket import Page, connect
from tests.streaming.support.polling import until, wait_until
from tests.streaming.support.processes import runs
from tests.streaming.support.talking_peer import TalkingPeer
from tests.support import need
from tests.tiny_speaker import make_tiny_bundle


def flags(folder: Path, drain: float, workers: int = 1) -> list[str]:
    config = folder / "config.yaml"
    config.write_text(f"drain_s: {drain}\nmax_sessions: 2\nworkers: {workers}\n")
    return ["--speaker", str(make_tiny_bundle(folder / "tiny")), "--config", str(config)]


@pytest.mark.parametrize("workers", [1, 2])
async def test_calls_may_go_on_and_new_ones_are_refused(tmp_path: Path, workers: int) -> None:
    with running_server(*flags(tmp_path, 20, workers)) as (address, pid):
        peer = TalkingPeer()
        async with connect(LiveServer(address)) as socket:
            page = Page(socket)
            await page.call(peer)
            await page.expect("stats")
            os.kill(pid, signal.SIGTERM)
            assert (await page.expect("leaving"))["seconds"] == 20
            ready = httpx.get(f"{address}/readyz")
            assert (ready.status_code, ready.json()["reason"]) == (503, "stopping")
            assert httpx.get(f"{address}/healthz").json()["status"] == "stopping"
            async with connect(LiveServer(address)) as other:
                await Page(other).send(type="offer", sdp=await TalkingPeer().offer())
                assert (await Page(other).expect("error"))["code"] == "stopping"
            seen = len(peer.face)
            await until(lambda: len(peer.face) > seen + 20)  # the call goes on
        await until(lambda: not runs(pid), 10)
        await peer.close()


@pytest.mark.parametrize(("sign", "drain"), [(signal.SIGTERM, 1.5), (signal.SIGINT, 60)])
async def test_who_stays_is_told_goodbye(
    tmp_path: Path, sign: signal.Signals, drain: float
) -> None:
    with running_server(*flags(tmp_path, drain)) as (address, pid):
        peer = TalkingPeer()
        async with connect(LiveServer(address)) as socket:
            page = Page(socket)
            await page.call(peer)
            await page.expect("stats")
            begun = time.monotonic()
            os.kill(pid, sign)
            bye = await page.expect("bye")
            assert (bye["code"], bye["reason"]) == ("stopping", "the server is stopping")
        if sign == signal.SIGTERM:
            assert time.monotonic() - begun >= drain
        await until(lambda: not runs(pid), 10)
        await peer.close()


def test_the_page_says_that_the_server_stops_and_then_goodbye(tmp_path: Path) -> None:
    need("chromium", "playwright")
    with (
        running_server(*flags(tmp_path, 4)) as (address, pid),
        chromium(write_wav(tmp_path / "beeps.wav", beeps(4))) as browser,
    ):
        page = browser.new_page()
        page.goto(address)
        page.click("#start")
        first_picture(page)
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: page.inner_text("#status").startswith("The server stops in"), 4)
        wait_until(lambda: page.is_visible("#notice"), 8)
        assert page.inner_text("#notice-title") == "The server says goodbye"
        assert page.inner_text("#status") == "Ready"
