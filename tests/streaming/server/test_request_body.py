"""Bodies are held to their limits, whoever reads them."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request
from starlette.types import Message

from streaming.server.request_body import BodyLimit, BodyLimits


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    large = {"/large": BodyLimit(100, seconds=60)}
    app.add_middleware(BodyLimits, default=BodyLimit(10, seconds=0.1), of_paths=large)

    for path in ("/small", "/large"):
        app.add_api_route(path, length, methods=["GET", "POST", "DELETE"])
    return app


async def length(request: Request) -> int:
    return len(await request.body())


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def pieces(*sizes: int, pause: float = 0.0) -> AsyncIterator[bytes]:
    for size in sizes:
        await asyncio.sleep(pause)
        yield bytes(size)


@pytest.mark.parametrize(("path", "size"), [("/small", 10), ("/large", 100)])
async def test_a_body_may_be_as_large_as_the_limit_of_its_path_and_no_larger(
    client: httpx.AsyncClient, path: str, size: int
) -> None:
    assert (await client.post(path, content=bytes(size))).json() == size
    assert (await client.post(path, content=pieces(size - 5, 5))).json() == size
    for body in (bytes(size + 1), pieces(size - 5, 6)):
        refused = await client.post(path, content=body)
        assert refused.status_code == 413
        assert f"at most {size} bytes" in refused.text


async def test_what_is_announced_as_too_large_is_not_even_read(client: httpx.AsyncClient) -> None:
    unread = pieces(11)
    announced = {"content-length": "11"}
    assert (await client.post("/small", content=unread, headers=announced)).status_code == 413
    assert await anext(unread) == bytes(11)


async def test_a_slow_body_is_cut_off_and_a_slow_path_is_not(client: httpx.AsyncClient) -> None:
    assert (await client.post("/small", content=pieces(1, 1, pause=0.2))).status_code == 408
    assert (await client.post("/large", content=pieces(1, 1, pause=0.2))).json() == 2


async def test_a_body_that_trickles_in_is_cut_off_too(client: httpx.AsyncClient) -> None:
    trickle = pieces(*[1] * 10, pause=0.04)
    assert (await client.post("/small", content=trickle)).status_code == 408


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_request_without_a_body_is_none_of_its_business(
    client: httpx.AsyncClient, method: str
) -> None:
    assert (await client.request(method, "/small")).json() == 0


async def test_a_sender_who_leaves_halfway_is_told_nothing_else(app: FastAPI) -> None:
    half: list[Message] = [
        {"type": "http.request", "body": b"half", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return half.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/small", "query_string": b"", "headers": []}
    await app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert b"broke off" in sent[1]["body"]
