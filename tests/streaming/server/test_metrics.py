"""What the server counts while a real call runs, and whether it says that it is ready."""

import asyncio
import json
import os
import re
import signal
from pathlib import Path

import httpx
import pytest
import yaml

from streaming.core.config import ServeConfig
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.page_socket import Page, connect, gone
from tests.streaming.support.polling import until, wait_until
from tests.streaming.support.scrape import scrape
from tests.streaming.support.talking_peer import TalkingPeer


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig(max_sessions=1)


async def test_a_call_leaves_its_traces(server: LiveServer) -> None:
    before = scrape(server.address)
    peer = TalkingPeer()
    async with connect(server) as socket:
        await Page(socket).call(peer)
        await until(lambda: len(peer.face) >= 30)
        assert scrape(server.address)["avatar_sessions"] == 1
        peer.beeps.paused = True
        await asyncio.sleep(0.5)
    await gone(server)
    await peer.close()
    after = scrape(server.address)

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0.0)

    assert grown("avatar_pictures_total") >= 30
    assert grown("avatar_event_loop_lag_seconds_count") > 30
    assert grown("avatar_skew_seconds_count") >= 30
    for stage in ("sound", "render", "picture", "encode_picture", "encode_voice"):
        assert grown(f'avatar_stage_seconds_count{{stage="{stage}"}}') >= 25
        assert grown(f'avatar_stage_seconds_sum{{stage="{stage}"}}') > 0
    assert after["avatar_sessions"] == 0
    assert after['avatar_memory_bytes{process="renderer"}'] > 20e6
    assert after['avatar_open_files{process="server"}'] > 10
    assert after["avatar_tasks"] >= 3


async def test_ready_until_full(server: LiveServer) -> None:
    marks = {"watermark": True, "label": True, "signature": False}
    assert httpx.get(f"{server.address}/readyz").json() == {"ready": True, "reason": "", **marks}
    assert scrape(server.address)["avatar_watermark_on"] == 1
    peer = TalkingPeer()
    async with connect(server) as socket:
        await Page(socket).call(peer)
        response = httpx.get(f"{server.address}/readyz")
        assert (response.status_code, response.json()["reason"]) == (503, "full")
    await gone(server)
    await peer.close()


def test_not_ready_while_the_renderer_is_away(server: LiveServer) -> None:
    starts = scrape(server.address)["avatar_renderer_starts_total"]
    os.kill(renderer_pid(), signal.SIGKILL)
    response = httpx.get(f"{server.address}/readyz")
    assert (response.status_code, response.json()["reason"]) == (
        503,
        "the renderer is starting again",
    )
    assert scrape(server.address)["avatar_renderer_up"] == 0
    wait_until(lambda: httpx.get(f"{server.address}/readyz").status_code == 200, 30)
    after = scrape(server.address)
    assert (after["avatar_renderer_up"], after["avatar_renderer_starts_total"]) == (1, starts + 1)


def renderer_pid() -> int:
    import multiprocessing

    (renderer,) = multiprocessing.active_children()
    assert renderer.pid
    return renderer.pid


DEPLOY = Path(__file__).parents[3] / "deploy"
OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"


def named_in(text: str) -> set[str]:
    found = set(re.findall(r"\bavatar_[a-z_]+\b", text))
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in found}


def test_dashboard_alerts_and_handbook_name_metrics_that_exist(server: LiveServer) -> None:
    text = httpx.get(f"{server.address}/metrics").text
    known = set(re.findall(r"^# TYPE (avatar_\w+)", text, re.MULTILINE))
    known = {name for name in known if not name.endswith("_created")}
    dashboard = json.loads((DEPLOY / "grafana.json").read_text())
    queries = [one["expr"] for panel in dashboard["panels"] for one in panel["targets"]]
    rules = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"][0]["rules"]
    for expression in [*queries, *(rule["expr"] for rule in rules)]:
        used = named_in(expression)
        assert used <= known, expression
    assert all(named_in(query) for query in queries)
    handbook = OPERATIONS.read_text()
    assert named_in(handbook) == known, "the handbook explains every metric and no other"
    assert not [rule["alert"] for rule in rules if rule["alert"] not in handbook]
