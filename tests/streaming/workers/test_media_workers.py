"""Two media workers behind one address: calls spread, are found, end with their own worker."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from streaming.core.config import ServeConfig
from streaming.core.limits import Limits
from streaming.workers.forward_socket import WORKER_LOST
from tests.streaming.support.agent import agent, onlooking
from tests.streaming.support.calling import calling, expect_newest_call_in_view
from tests.streaming.support.head import at_rest, turned
from tests.streaming.support.live_workers import LiveWorkers, serving_workers
from tests.streaming.support.page_socket import Page, connect, gone
from tests.streaming.support.polling import until
from tests.streaming.support.scrape import scrape
from tests.streaming.support.stranger import OUTSIDE, bearing, closed, token
from tests.streaming.support.talking_peer import TalkingPeer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveWorkers]:
    config = ServeConfig(max_sessions=3, motion=True)
    with serving_workers(tmp_path_factory.mktemp("workers"), config) as server:
        yield server


async def test_calls_spread_over_the_workers_and_share_one_limit(server: LiveWorkers) -> None:
    async with calling(server) as one, calling(server):
        assert server.calls() == [1, 1]
        assert server.sessions() == 2
        async with calling(server), connect(server) as socket:
            assert httpx.get(f"{server.address}/readyz").json()["reason"] == "full"
            await Page(socket).send(type="offer", sdp=await TalkingPeer().offer())
            assert (await Page(socket).expect("error"))["code"] == "full"
        first = one.answer["session_id"]
        found = httpx.get(f"{server.address}/debug/calls/{first}").json()
        assert (found["id"], len(found["frames"]) > 5) == (first, True)
        assert httpx.get(f"{server.address}/debug/calls/{'0' * 16}").status_code == 404
    await gone(server)


async def test_metrics_show_all_workers_in_one_page(server: LiveWorkers) -> None:
    async with calling(server), calling(server):
        await asyncio.sleep(1)
        found = scrape(server.address)
    for worker in "01":
        assert found[f'avatar_pictures_total{{worker="{worker}"}}'] > 10
        loop = f'process="server",thread="event_loop",worker="{worker}"'
        assert found[f"avatar_processor_seconds_total{{{loop}}}"] > 0
    assert found["avatar_sessions_limit"] == 3
    assert found["avatar_renderer_up"] == 1
    assert found['avatar_memory_bytes{process="renderer"}'] > 20e6
    await gone(server)


async def test_a_worker_that_dies_takes_only_its_calls_and_comes_back(server: LiveWorkers) -> None:
    async with calling(server) as lost, calling(server) as kept:
        assert server.calls() == [1, 1]
        os.kill(server.pool.workers[0].pid, signal.SIGKILL)  # the first call is on the first
        assert await closed(lost.page.socket) == WORKER_LOST
        await kept.page.expect("stats")
        await kept.goes_on()
        assert server.renderer.running
        await until(lambda: len(server.pool.running) == 2, 30)
        async with calling(server):
            assert server.calls() == [1, 1]
    await gone(server)


async def test_a_killed_renderer_is_started_again_for_all_workers(server: LiveWorkers) -> None:
    async with calling(server) as one, calling(server) as other:
        killed = server.renderer.pid
        os.kill(killed, signal.SIGKILL)
        await until(lambda: server.renderer.pid != killed, 30)
        for call in (one, other):
            while (await call.page.expect("stats"))["renderer_failing"]:
                pass
    await gone(server)


async def test_a_page_comes_back_to_its_call_wherever_it_is(server: LiveWorkers) -> None:
    async with calling(server), calling(server) as moving:  # the first worker is asked first
        moving.page.socket.transport.abort()
        wanted = {"session_id": moving.answer["session_id"], "key": moving.answer["resume"]}
        async with connect(server) as socket:
            page = Page(socket)
            await page.expect("hello")
            await page.send(type="resume", sdp=await moving.peer.move(), **wanted)
            answer = await page.expect("answer")
            assert answer["session_id"] == moving.answer["session_id"]
            await moving.peer.arrive(answer["sdp"])
            await moving.goes_on()
            await page.expect("stats")
            assert server.sessions() == 2
    await gone(server)


async def test_the_head_of_a_call_on_any_worker_moves_for_whoever_asks(server: LiveWorkers) -> None:
    async with (
        calling(server, motion=True) as one,
        calling(server, motion=True) as other,
        httpx.AsyncClient(base_url=server.address) as client,
    ):
        assert server.calls() == [1, 1]
        for call in (one, other):
            session = call.session
            await call.page.send(type="gesture", name="nod", seconds=0.5)
            assert (await turned(call.page))["pitch"] < 0
            await at_rest(call.page)
            wanted = {"name": "tilt", "strength": -0.5, "seconds": 0.5}
            answer = await client.post(f"/calls/{session}/gesture", json=wanted)
            assert answer.status_code == 204
            assert (await turned(call.page))["roll"] < 0
            await at_rest(call.page)
            async with agent(server, f"?session={session}") as speaker:
                await speaker.hear("session.ready")
                await speaker.send("agent.gesture", name="shake", seconds=0.5)
                assert abs((await turned(call.page))["yaw"]) > 1
                await speaker.send("agent.gesture", name="smile")
                assert "bar does not show smile" in (await speaker.hear("error"))["message"]
        nowhere = await client.post(f"/calls/{'0' * 16}/gesture", json={"name": "nod"})
        assert nowhere.status_code == 404
    await gone(server)


async def test_an_agent_speaks_in_a_call_on_any_worker(server: LiveWorkers) -> None:
    async with onlooking(server) as first, onlooking(server) as second:
        for onlooker in (first, second):
            async with agent(server, f"?session={onlooker.session}") as speaker:
                assert (await speaker.hear("session.ready"))["session_id"] == onlooker.session
    await gone(server)


async def test_a_viewer_is_shown_the_newest_call_wherever_it_is(server: LiveWorkers) -> None:
    await expect_newest_call_in_view(server)


async def test_a_player_hangs_up_its_call_wherever_it_is(server: LiveWorkers) -> None:
    sdp = {"content-type": "application/sdp"}
    peers = [TalkingPeer(speaks=False) for _ in range(2)]
    async with httpx.AsyncClient(base_url=server.address) as client:
        places = []
        for peer in peers:
            answer = await client.post("/whep/pale", content=await peer.offer(), headers=sdp)
            assert answer.status_code == 201
            places.append(answer.headers["location"])
        assert server.calls() == [1, 1]
        for place in places:
            assert (await client.delete(place)).status_code == 200
            assert (await client.delete(place)).status_code == 404
    await gone(server)
    for peer in peers:
        await peer.close()


def test_pages_and_their_errors_pass_through(server: LiveWorkers) -> None:
    page = httpx.get(server.address)
    assert "Content-Security-Policy" in page.headers
    cards = httpx.get(f"{server.address}/speakers").json()
    assert [(card["name"], card["gestures"][5:]) for card in cards] == [
        ("bar", []), ("pale", ["smile"]),
    ]  # fmt: skip
    assert httpx.get(f"{server.address}/nowhere").status_code == 404
    long = {"sdp": "v" * 70_000, "type": "offer"}
    assert httpx.post(f"{server.address}/offer", json=long).status_code == 413
    foreign = {"origin": "https://elsewhere.example"}
    assert httpx.get(f"{server.address}/speakers", headers=foreign).status_code == 403


async def test_one_address_has_its_share_of_all_workers_together(
    tmp_path: Path, token_secret_file: str
) -> None:
    config = ServeConfig(
        token_secret_file=token_secret_file,
        behind_proxy="127.0.0.1",
        limits=Limits(sessions_per_address=1),
    )
    headers = OUTSIDE | bearing(token())
    with serving_workers(tmp_path, config) as server:
        async with connect(server, additional_headers=headers) as one:
            await Page(one).send(type="offer", sdp=await TalkingPeer().offer())
            await Page(one).expect("answer")
            async with connect(server, additional_headers=headers) as other:
                await Page(other).send(type="offer", sdp=await TalkingPeer().offer())
                assert json.loads(await other.recv())["type"] == "hello"
                said = await Page(other).expect("error")
                assert (said["code"], "address" in said["message"]) == ("too-many", True)
