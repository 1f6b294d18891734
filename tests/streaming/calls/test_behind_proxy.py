"""A server behind a reverse proxy, which tells it where strangers come from."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import websockets
from aioice.ice import get_host_addresses

from streaming.core.config import ServeConfig
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.stranger import LIMITS, OUTSIDE, bearing, page, receive, token
from tests.streaming.support.talking_peer import TalkingPeer


@pytest.fixture(scope="module")
def server_config(token_secret_file: str) -> ServeConfig:
    return ServeConfig(token_secret_file=token_secret_file, behind_proxy="127.0.0.1", limits=LIMITS)


def outside(address: str) -> dict[str, str]:
    """Headers of a caller with a token, as the proxy hands them on."""
    return bearing(token()) | OUTSIDE | {"x-forwarded-for": address}


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A UDP socket on an address of this machine's own network."""
    address = next(iter(get_host_addresses(use_ipv4=True, use_ipv6=False)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim:
        victim.bind((address, 0))
        victim.setblocking(False)
        yield victim


async def packets(victim: socket.socket, seconds: float) -> int:
    await asyncio.sleep(seconds)
    count = 0
    while True:
        try:
            victim.recv(2048)
        except BlockingIOError:
            return count
        count += 1


async def test_past_the_proxy_there_is_no_way_in(server: LiveServer) -> None:
    headers = bearing(token())
    assert httpx.get(f"{server.address}/speakers", headers=headers).status_code == 403
    assert httpx.get(f"{server.address}/speakers", headers=headers | OUTSIDE).status_code == 200
    with pytest.raises(websockets.exceptions.InvalidStatus):
        await page(server, additional_headers=headers)


async def test_one_address_has_its_share_of_calls_and_no_more(server: LiveServer) -> None:
    headers, other = outside("198.51.100.21"), outside("198.51.100.22")
    peer = TalkingPeer()
    offer = {"sdp": await peer.offer(), "type": "offer"}
    async with httpx.AsyncClient(base_url=server.address) as client:
        first = await client.post("/offer", json=offer, headers=headers)
        second = await client.post("/offer", json=offer, headers=headers)
        assert (first.status_code, second.status_code) == (200, 429)
        assert int(second.headers["retry-after"]) > 0
        assert (await client.post("/offer", json=offer, headers=other)).status_code == 200
    await peer.close()


async def test_one_address_has_its_share_of_sockets_and_tries(server: LiveServer) -> None:
    headers, other = outside("198.51.100.31"), outside("198.51.100.32")

    async def told(socket: Any) -> Any:
        message = await receive(socket)
        return message.get("code", message["type"])

    async with page(server, additional_headers=headers) as one:
        assert await told(one) == "hello"
        for _ in range(2):
            async with page(server, additional_headers=headers) as two:
                assert await told(two) == "hello"
                async with page(server, additional_headers=headers) as three:
                    assert await told(three) == "too-many"
    async with page(server, additional_headers=headers) as sixth:
        assert await told(sixth) == "too-many", "five tries a minute"
    async with page(server, additional_headers=other) as neighbour:
        assert await told(neighbour) == "hello"


@pytest.mark.parametrize("trickled", [False, True])
async def test_the_server_cannot_be_pointed_at_its_own_network(
    server: LiveServer, trickled: bool
) -> None:
    def line(victim: socket.socket) -> str:
        address, port = victim.getsockname()
        return f"candidate:1 1 udp 2130706431 {address} {port} typ host"

    async def call(victim: socket.socket, address: str) -> int:
        peer = TalkingPeer()
        lines = (await peer.offer()).splitlines()
        kept = [text for text in lines if "candidate" not in text]
        async with page(server, additional_headers=outside(address)) as socket:
            if not trickled:
                kept.insert(kept.index("a=mid:0"), f"a={line(victim)}")
            sdp = "\r\n".join(kept) + "\r\n"
            await socket.send(json.dumps({"type": "offer", "sdp": sdp}))
            while (await receive(socket))["type"] != "answer":
                pass
            if trickled:
                message = {"type": "candidate", "candidate": line(victim), "sdpMid": "0"}
                await socket.send(json.dumps(message))
            count = await packets(victim, 1.5)
        await peer.close()
        return count

    with listening() as victim:
        assert await call(victim, "198.51.100.41") == 0
        assert await call(victim, "127.0.0.1") > 0, "the same offer from this machine is followed"
