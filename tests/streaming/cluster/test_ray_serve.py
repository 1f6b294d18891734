"""Two machines behind Ray Serve: calls spread, are found, and end with their own machine."""

import os
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack

import httpx
import pytest

pytest.importorskip("ray", reason="Ray is not installed")

from tests.streaming.support.calling import calling, expect_newest_call_in_view
from tests.streaming.support.page_socket import Page, connect, gone
from tests.streaming.support.polling import until
from tests.streaming.support.posted_call import post_offer
from tests.streaming.support.ray_cluster import LiveCluster, serving_cluster
from tests.streaming.support.stranger import closed
from tests.streaming.support.talking_peer import TalkingPeer

ASKED = 6  # times, so that each machine is asked; Serve chooses by chance


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCluster]:
    with serving_cluster(tmp_path_factory.mktemp("cluster")) as server:
        yield server


async def test_calls_spread_over_machines_and_are_found_from_each(server: LiveCluster) -> None:
    async with calling(server) as one, calling(server) as other:
        await until(lambda: server.calls() == [1, 1])
        async with httpx.AsyncClient(base_url=server.address) as client:
            for call in (one, other) * ASKED:
                found = await client.get(f"/debug/calls/{call.session}")
                assert found.json()["id"] == call.session
            assert (await client.get(f"/debug/calls/{'0' * 16}")).status_code == 404
    await gone(server)


async def test_a_viewer_is_shown_the_newest_call_wherever_it_is(server: LiveCluster) -> None:
    await expect_newest_call_in_view(server)


async def test_a_page_comes_back_to_its_call_wherever_it_is(server: LiveCluster) -> None:
    async with calling(server) as moving, calling(server):
        moving.page.socket.transport.abort()
        wanted = {"session_id": moving.session, "key": moving.answer["resume"]}
        async with connect(server) as socket:
            page = Page(socket)
            await page.expect("hello")
            await page.send(type="resume", sdp=await moving.peer.move(), **wanted)
            answer = await page.expect("answer")
            assert answer["session_id"] == moving.session
            await moving.peer.arrive(answer["sdp"])
            await moving.goes_on()
            assert server.calls() == [1, 1]
    await gone(server)


async def test_a_player_hangs_up_its_call_wherever_it_is(server: LiveCluster) -> None:
    sdp = {"content-type": "application/sdp"}
    peers = [TalkingPeer(speaks=False) for _ in range(3)]
    async with httpx.AsyncClient(base_url=server.address) as client:
        places = []
        for peer in peers:
            answer = await client.post("/whep/pale", content=await peer.offer(), headers=sdp)
            assert answer.status_code == 201
            places.append(answer.headers["location"])
        for place in places:
            assert (await client.delete(place)).status_code == 200
            assert (await client.delete(place)).status_code == 404
    for peer in peers:
        await peer.close()


async def test_a_full_cluster_says_so_and_only_then(server: LiveCluster) -> None:
    async with AsyncExitStack() as running:
        for _ in range(4):  # two a machine
            page = Page(await running.enter_async_context(connect(server)))
            await page.send(type="offer", sdp=await TalkingPeer().offer())
            await page.expect("answer")
        page = Page(await running.enter_async_context(connect(server)))
        await page.send(type="offer", sdp=await TalkingPeer().offer())
        assert (await page.expect("error"))["code"] == "full"
        refused = await post_offer(server, await TalkingPeer().offer())
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    await until(lambda: sum(server.rooms()) == 4)


async def test_a_killed_machine_takes_only_its_calls_and_comes_back(server: LiveCluster) -> None:
    async with calling(server) as one, calling(server) as other:
        await until(lambda: server.calls() == [1, 1])
        lost = server.owner(one.session)
        (replica,) = [found for found in server.replicas() if found["replica_id"] == lost]
        os.kill(replica["pid"], signal.SIGKILL)
        await closed(one.page.socket)
        await other.page.expect("stats")
        await other.goes_on()
        async with calling(server):
            await other.goes_on()
        await until(lambda: lost not in server.machines(), 60)
        await until(lambda: lost not in {found["replica_id"] for found in server.replicas()}, 60)
        await server.settle(2)
    await gone(server)


async def test_scaling_down_waits_for_calls(server: LiveCluster) -> None:
    await server.settle(2)
    async with calling(server) as one, calling(server) as other:
        await until(lambda: server.calls() == [1, 1])
        server.deploy(1)
        await until(lambda: len(server.replicas("STOPPING")) == 1, 60)
        (leaving,) = server.replicas("STOPPING")
        calls = {server.owner(call.session): call for call in (one, other)}
        last = calls.pop(leaving["replica_id"])
        (stays,) = calls.values()
        assert (await last.page.expect("leaving", 30))["seconds"] > 25
        async with calling(server) as new:
            await until(lambda: server.owner(new.session) == server.owner(stays.session))
        for call in (stays, last):
            await call.goes_on()
        await last.page.send(type="stop")
        await server.settle(1)
        await stays.goes_on()
    await gone(server)


async def test_a_new_version_takes_over_without_a_lost_call(server: LiveCluster) -> None:
    await server.settle(1)
    async with calling(server) as old:
        before = server.owner(old.session)
        server.version += 1
        server.deploy(1)
        await old.page.expect("leaving", 60)
        await until(lambda: {one["replica_id"] for one in server.replicas()} - {before}, 60)
        async with calling(server) as new:
            await until(lambda: server.owner(new.session) != before)
            await old.goes_on()
            await new.goes_on()
            await old.page.send(type="stop")
            await server.settle(1)
            await new.goes_on()
    await gone(server)
