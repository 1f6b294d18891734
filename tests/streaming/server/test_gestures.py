"""A head that nods for whoever asks: the page, an agent, a program by HTTP."""

import httpx
import pytest

from streaming.core.config import ServeConfig
from tests.streaming.support.agent import agent
from tests.streaming.support.head import at_rest, turned
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.page_socket import Page, connect
from tests.streaming.support.talking_peer import TalkingPeer


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig(motion=True)


async def test_a_gesture_moves_the_head_from_every_door(server: LiveServer) -> None:
    peer = TalkingPeer()
    async with connect(server) as socket:
        page = Page(socket)
        session = (await page.call(peer, motion=True))["session_id"]
        await at_rest(page)
        await page.send(type="gesture", name="nod", seconds=0.5)
        assert (await turned(page))["pitch"] < 0
        await at_rest(page)
        wanted = {"name": "tilt", "strength": -0.5, "seconds": 0.5}
        async with httpx.AsyncClient(base_url=server.address) as client:
            answer = await client.post(f"/calls/{session}/gesture", json=wanted)
        assert answer.status_code == 204
        assert (await turned(page))["roll"] < 0
        await at_rest(page)
        async with agent(server) as speaker:
            await speaker.hear("session.ready")
            await speaker.send("agent.gesture", name="shake", seconds=0.5)
            assert abs((await turned(page))["yaw"]) > 1
    await peer.close()


async def test_what_is_no_gesture_is_refused_in_words(server: LiveServer) -> None:
    peer = TalkingPeer()
    async with connect(server) as socket, httpx.AsyncClient(base_url=server.address) as client:
        page = Page(socket)
        await page.send(type="gesture", name="nod")  # before there is a call
        assert (await page.expect("error"))["code"] == "malformed"
        session = (await page.call(peer))["session_id"]
        for wrong in (
            {"name": "wink"},
            {"name": "nod", "strength": 2},
            {"name": "nod", "seconds": 0},
            {"name": "smile", "strength": -0.5},
        ):
            await page.send(type="gesture", **wrong)
            assert (await page.expect("error"))["code"] == "malformed"
            answer = await client.post(f"/calls/{session}/gesture", json=wrong)
            assert answer.status_code == 422
            assert "not understood" in answer.json()["detail"]
        nowhere = await client.post(f"/calls/{'0' * 16}/gesture", json={"name": "nod"})
        assert nowhere.status_code == 404
    await peer.close()


async def test_who_smiles_does_so_for_every_door_and_who_does_not_says_so(
    server: LiveServer,
) -> None:
    peer = TalkingPeer()
    smile = {"name": "smile", "seconds": 0.8}
    async with connect(server) as socket, httpx.AsyncClient(base_url=server.address) as client:
        page = Page(socket)
        session = (await page.call(peer, motion=True))["session_id"]
        await page.send(type="gesture", **smile)
        refused = await page.expect("error")
        assert refused["code"] == "gesture"
        assert refused["message"].startswith("bar does not show smile in its own video; it can nod")
        answer = await client.post(f"/calls/{session}/gesture", json=smile)
        assert (answer.status_code, answer.json()["detail"]) == (400, refused["message"])
        async with agent(server) as speaker:
            await speaker.hear("session.ready")
            await speaker.send("agent.gesture", **smile)
            assert (await speaker.hear("error"))["message"] == refused["message"]
            await page.send(type="speaker", name="pale")
            await page.expect("speaker")
            await page.send(type="gesture", **smile)
            await smiling(page, True)
            await smiling(page, False)
            assert (await client.post(f"/calls/{session}/gesture", json=smile)).status_code == 204
            await smiling(page, True)
            await smiling(page, False)
            await speaker.send("agent.gesture", **smile)
            await smiling(page, True)
    await peer.close()


async def smiling(page: Page, wanted: bool) -> None:
    """Wait for a picture that smiles, or does not."""
    while ((await page.expect("motion"))["blendShapes"]["mouthSmileLeft"] > 0) != wanted:
        pass
