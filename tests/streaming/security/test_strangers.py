"""A real server, and everything that somebody who should not be there would try."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
import websockets

from streaming.core.config import ServeConfig
from streaming.server import app, uvicorn_server
from streaming.server.request_body import BodyLimit
from tests.streaming.support.live_server import LiveServer, serving_bars
from tests.streaming.support.polling import until
from tests.streaming.support.stranger import LIMITS, bearing, closed, page, receive, token
from tests.streaming.support.talking_peer import TalkingPeer


@pytest.fixture(scope="module")
def server_config(token_secret_file: str) -> ServeConfig:
    return ServeConfig(token_secret_file=token_secret_file, limits=LIMITS)


@pytest.mark.parametrize(
    "headers",
    [{}, bearing("nonsense"), bearing(token("view")), bearing(token(seconds=-1)),
     {"authorization": f"Basic {token()}"}],
)  # fmt: skip
async def test_an_offer_without_a_good_token_is_refused(
    server: LiveServer, headers: dict[str, str]
) -> None:
    peer = TalkingPeer()
    offer = {"sdp": await peer.offer(), "type": "offer"}
    response = httpx.post(f"{server.address}/offer", json=offer, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert server.sessions() == 0
    await peer.close()


async def test_a_token_opens_a_call_for_its_speaker_only(server: LiveServer) -> None:
    peer, headers = TalkingPeer(), bearing(token(speaker="pale"))
    offer = {"sdp": await peer.offer(), "type": "offer"}
    async with httpx.AsyncClient(base_url=server.address, headers=headers) as client:
        assert (await client.post("/offer", json=offer | {"speaker": "bar"})).status_code == 401
        assert [card["name"] for card in (await client.get("/speakers")).json()] == ["pale"]
        assert (await client.get("/speakers/pale/preview.jpg")).status_code == 200
        assert (await client.get("/speakers/bar/preview.jpg")).status_code == 401
        assert server.sessions() == 0
        response = await client.post("/offer", json=offer)
    assert response.status_code == 200
    await peer.take_answer(response.json()["sdp"])
    await until(lambda: peer.face)
    await peer.close()


def test_strangers_see_no_speakers(server: LiveServer) -> None:
    assert httpx.get(f"{server.address}/speakers").status_code == 401
    assert httpx.get(f"{server.address}/speakers/bar/preview.jpg").status_code == 401
    assert httpx.get(f"{server.address}/").status_code == 200


@pytest.mark.parametrize("in_header", [True, False])
async def test_a_page_shows_its_token_first(server: LiveServer, in_header: bool) -> None:
    headers = bearing(token(speaker="pale")) if in_header else {}
    async with page(server, additional_headers=headers) as socket:
        if not in_header:
            await socket.send(json.dumps({"type": "token", "token": token(speaker="pale")}))
        hello = await receive(socket)
        assert (hello["type"], hello["speaker"]) == ("hello", "pale")


@pytest.mark.parametrize(
    "message",
    ['{"type": "token", "token": ""}', '{"type": "token", "token": 7}', "[]", "[" * 60_000,
     '{"type": "offer", "sdp": ""}', b"\x00", None],
)  # fmt: skip
async def test_a_page_without_one_is_told_so_and_nothing_else(
    server: LiveServer, message: str | bytes | None
) -> None:
    async with page(server) as socket:
        if message is not None:
            await socket.send(message)
        refusal = await receive(socket)
        assert (refusal["type"], refusal["code"]) == ("error", "token")
        assert await closed(socket) == 1008


async def test_a_page_that_makes_no_call_is_sent_away(server: LiveServer) -> None:
    async with page(server, additional_headers=bearing(token())) as socket:
        assert (await receive(socket))["type"] == "hello"
        assert "no call was begun" in (await receive(socket))["message"]
        assert await closed(socket) == 1008


async def test_a_flood_of_messages_ends_the_connection(server: LiveServer) -> None:
    async with page(server, additional_headers=bearing(token())) as socket:
        for number in range(80):
            await socket.send(json.dumps({"type": "ping", "t": number}))
        assert await closed(socket) == 1008


async def test_a_page_that_only_connects_is_sent_away(
    server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn_server, "HEAD_TIMEOUT_S", 0.5)
    place = httpx.URL(server.address)
    for begun in (b"", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "):
        reader, writer = await asyncio.open_connection(place.host, place.port)
        writer.write(begun)
        async with asyncio.timeout(3):
            assert await reader.read() == b""
        writer.close()


async def test_foreign_pages_get_nothing(server: LiveServer) -> None:
    foreign = {"origin": "https://elsewhere.example"}
    preflight = foreign | {"access-control-request-method": "POST"}
    for method, headers in (("OPTIONS", preflight), ("POST", foreign), ("GET", foreign)):
        response = httpx.request(method, f"{server.address}/offer", headers=headers)
        assert response.status_code in (403, 405)
        assert not [name for name in response.headers if name.startswith("access-control")]
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        await page(server, origin="https://elsewhere.example")
    assert refused.value.response.status_code == 403


def test_a_name_made_to_point_here_gets_nothing_without_a_token(tmp_path: Path) -> None:
    with serving_bars(tmp_path) as local:
        named = {"host": "rebound.example", "origin": "http://rebound.example"}
        assert httpx.get(f"{local.address}/speakers").status_code == 200
        assert httpx.get(f"{local.address}/speakers", headers=named).status_code == 403
        assert httpx.post(f"{local.address}/offer", headers=named).status_code == 403


async def test_an_offer_that_dribbles_in_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "BODY_LIMIT", BodyLimit(1000, seconds=0.5))
    with serving_bars(tmp_path) as local:
        place = httpx.URL(local.address)
        reader, writer = await asyncio.open_connection(place.host, place.port)
        head = "POST /offer HTTP/1.1\r\nHost: localhost\r\n"
        writer.write(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        async with asyncio.timeout(5):
            assert b" 408 " in await reader.readline()
        writer.close()
