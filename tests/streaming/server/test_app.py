"""The web server from outside: calls, refusals, limits."""

import asyncio

import httpx
import pytest
import websockets

from streaming.core.config import ServeConfig
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.page_socket import Page, connect, gone
from tests.streaming.support.posted_call import call
from tests.streaming.support.talking_peer import TalkingPeer


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig(max_sessions=2)


async def test_a_call_over_the_websocket_and_its_end(server: LiveServer) -> None:
    peer = TalkingPeer()
    async with connect(server) as socket:
        page = Page(socket)
        assert (await page.expect("hello"))["speaker"] == "bar"
        answer = await page.call(peer)
        assert answer["delay_ms"] > 120
        stats = await page.expect("stats")
        assert stats["epoch_ms"] < stats["now_ms"]
        assert server.sessions() == 1
        await page.send(type="ping", t=5)
        assert (await page.expect("pong"))["t"] == 5
    await gone(server)
    await peer.close()


async def test_the_speaker_changes_without_dropping_the_call(server: LiveServer) -> None:
    peer = TalkingPeer()
    async with connect(server) as socket:
        page = Page(socket)
        await page.call(peer)
        await page.expect("stats")
        await page.send(type="speaker", name="pale")
        assert (await page.expect("speaker"))["name"] == "pale"
        await asyncio.sleep(1)
        await page.send(type="speaker", name="../../etc")
        assert "there is no speaker" in (await page.expect("error"))["message"]
        await page.expect("stats")
    levels = [level for *_, level in peer.face]
    assert levels[-1] > levels[0] + 20, "the second speaker is paler"
    await gone(server)
    await peer.close()


async def test_a_plain_post_makes_a_call_too_whose_pictures_bear_the_label(
    server: LiveServer,
) -> None:
    peer = TalkingPeer()
    await call(server, peer, await peer.offer(), 0.2)
    assert (peer.picture[:60, -80:] > 200).any()
    await gone(server, 8)


async def test_one_call_too_many_is_told_that_it_is_full(server: LiveServer) -> None:
    peers = [TalkingPeer() for _ in range(3)]
    async with connect(server) as one, connect(server) as two, connect(server) as three:
        await Page(one).call(peers[0])
        await Page(two).call(peers[1])
        await Page(three).send(type="offer", sdp=await peers[2].offer())
        refusal = await Page(three).expect("error")
        assert refusal["code"] == "full"
        assert refusal["retry_after"] > 0
        async with httpx.AsyncClient(base_url=server.address) as client:
            offer = {"sdp": await peers[2].offer(), "type": "offer"}
            response = await client.post("/offer", json=offer)
            assert response.status_code == 503
            assert int(response.headers["retry-after"]) > 0
            assert (await client.get("/healthz")).json()["status"] == "full"
    await gone(server)
    await asyncio.gather(*(peer.close() for peer in peers))


@pytest.mark.parametrize(
    "message",
    ["", "[]", "7", "{}", '{"type": 1}', '{"type": "offer"}', '{"type": "offer", "sdp": 5}',
     '{"type": "candidate", "candidate": "x"}', '{"type": "speaker"}', "\x00", '{"type": null}'],
)  # fmt: skip
async def test_nonsense_is_answered_in_words_and_the_page_may_go_on(
    server: LiveServer, message: str
) -> None:
    async with connect(server) as socket:
        page = Page(socket)
        await socket.send(message)
        assert (await page.expect("error"))["code"] == "malformed"
        await page.send(type="ping", t=1)
        await page.expect("pong")


async def test_a_refused_offer_frees_its_place(server: LiveServer) -> None:
    async with connect(server) as socket:
        for _ in range(3):
            await Page(socket).send(type="offer", sdp="nonsense")
            assert (await Page(socket).expect("error"))["code"] == "refused"
        assert server.sessions() == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x" * 70_000, 413),
        (b"{}", 422),
        (b'{"sdp": "", "type": "answer"}', 422),
        (b'{"sdp": "nonsense", "type": "offer"}', 400),
        (b'{"sdp": "nonsense", "type": "offer", "speaker": "nobody"}', 404),
    ],
)
def test_bad_posts_are_refused(server: LiveServer, body: bytes, status: int) -> None:
    response = httpx.post(f"{server.address}/offer", content=body)
    assert response.status_code == status
    assert "Traceback" not in response.text
    assert server.sessions() == 0


async def test_foreign_pages_are_refused(server: LiveServer) -> None:
    with pytest.raises(websockets.exceptions.InvalidStatus):
        await connect(server, origin="https://elsewhere.example")
    async with connect(server, origin=server.address) as socket:
        await Page(socket).expect("hello")
    response = httpx.post(
        f"{server.address}/offer", headers={"origin": "https://elsewhere.example"}, json={}
    )
    assert response.status_code == 403


def test_speakers_previews_page_and_api_are_there(server: LiveServer) -> None:
    cards = httpx.get(f"{server.address}/speakers").json()
    assert [card["name"] for card in cards] == ["bar", "pale"]
    assert [card["gestures"][5:] for card in cards] == [[], ["smile"]]
    preview = httpx.get(f"{server.address}/{cards[0]['preview']}")
    assert preview.headers["content-type"] == "image/jpeg"
    assert httpx.get(f"{server.address}/speakers/none/preview.jpg").status_code == 404
    page = httpx.get(server.address)
    assert "Start" in page.text
    assert "script-src" in page.headers["content-security-policy"] or page.headers[
        "content-security-policy"
    ].startswith("default-src 'self'")
    paths = httpx.get(f"{server.address}/openapi.json").json()["paths"]
    assert {"/offer", "/healthz", "/speakers"} <= set(paths)
    assert "requestBody" in paths["/offer"]["post"]


def test_everything_the_page_asks_for_is_shipped(server: LiveServer) -> None:
    for name in ("page.css", "page.js", "call.js", "sample.mp3", "icon.svg"):
        assert httpx.get(f"{server.address}/{name}").status_code == 200
    assert httpx.get(f"{server.address}/../config.py").status_code == 404
