"""What was written against LiveTalking speaks by its addresses, in its words."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from streaming.core.config import ServeConfig
from tests.sounds import tone, wav
from tests.streaming.support.agent import Onlooker, agent
from tests.streaming.support.live_server import LiveServer, serving_bars
from tests.streaming.support.polling import until
from tests.streaming.support.pushed_stage import RATE

BY_CALL = pytest.mark.parametrize("path", ["/human", "/interrupt_talk", "/is_speaking"])


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig(max_sessions=3, compat="livetalking")


def file_of(seconds: float) -> bytes:
    return wav(tone(seconds, RATE), RATE)


class Page:
    """Does what LiveTalking's client page does."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.looks = Onlooker(speaks=False)
        self.number = 0

    async def start(self) -> None:
        offer = {"sdp": await self.looks.offer(), "type": "offer"}
        answer = (await self.client.post("/offer", json=offer)).json()
        self.number = answer["sessionid"]
        await self.looks.take_answer(answer["sdp"])
        await until(lambda: len(self.looks.face) > 5)

    async def send(self, path: str, **fields: Any) -> dict[str, Any]:
        body = {"sessionid": self.number, **fields}
        answer: dict[str, Any] = (await self.client.post(path, json=body)).json()
        return answer

    async def upload(self, file: bytes) -> dict[str, Any]:
        form = {"sessionid": str(self.number)}
        answer = await self.client.post("/humanaudio", data=form, files={"file": ("a.wav", file)})
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def page(server: LiveServer) -> AsyncIterator[Page]:
    async with httpx.AsyncClient(base_url=server.address) as client:
        page = Page(client)
        await page.start()
        yield page
        await page.looks.close()


async def test_a_file_is_spoken_and_can_be_interrupted(server: LiveServer) -> None:
    async with page(server) as here:
        assert 0 < here.number < 2**53, "a number for JavaScript"
        assert await here.send("/is_speaking") == {"code": 0, "msg": "ok", "data": False}
        assert (await here.upload(file_of(5.0)))["code"] == 0
        assert (await here.send("/is_speaking"))["data"] is True
        await until(lambda: here.looks.heard() and here.looks.seen_open())
        assert (await here.send("/interrupt_talk"))["code"] == 0
        assert (await here.send("/is_speaking"))["data"] is False
        pictures = len(here.looks.face)
        await until(lambda: len(here.looks.face) > pictures + 40)
        rest = here.looks.face[0][2]
        assert here.looks.face[-1][2] - rest < 3


async def test_text_needs_a_voice_but_interrupts_all_the_same(server: LiveServer) -> None:
    async with page(server) as here:
        await here.upload(file_of(5.0))
        answer = await here.send("/human", type="echo", text="hello", interrupt=True)
        assert answer["code"] == -1
        assert "no voice of its own" in answer["msg"]
        assert (await here.send("/is_speaking"))["data"] is False


@pytest.mark.parametrize(
    ("file", "said"),
    [(b"no sound", "the file cannot be read"), (b"", ""), (file_of(61.0), "longer than 60 s")],
)
async def test_a_file_that_cannot_be_spoken_is_refused(
    server: LiveServer, file: bytes, said: str
) -> None:
    async with page(server) as here:
        answer = await here.upload(file)
        assert answer["code"] == -1
        assert said in answer["msg"]
        assert "/tmp" not in answer["msg"]


async def test_more_than_a_minute_of_files_is_refused_until_some_was_heard(
    server: LiveServer,
) -> None:
    async with page(server) as here:
        file = file_of(29.0)
        assert [(await here.upload(file))["code"] for _ in range(2)] == [0, 0]
        refused = await here.upload(file)
        assert refused["code"] == -1
        assert "60 s of speech wait" in refused["msg"]
        await here.send("/interrupt_talk")
        assert (await here.upload(file_of(0.5)))["code"] == 0


@BY_CALL
def test_a_call_that_is_none_and_a_message_that_is_none_are_said_so(
    server: LiveServer, path: str
) -> None:
    answer = httpx.post(server.address + path, json={"sessionid": 4711}).json()
    assert answer["code"] == -1
    assert "there is no call 4711" in answer["msg"]
    for body in (b"{", b"[]", b'{"sessionid": "x"}'):
        answer = httpx.post(server.address + path, content=body).json()
        assert answer == {"code": -1, "msg": 'send {"sessionid": NUMBER, ...}'}


async def test_an_agent_who_speaks_already_is_not_interrupted(server: LiveServer) -> None:
    async with page(server) as here, agent(server) as speaker:
        await speaker.hear("session.ready")
        answer = await here.upload(file_of(0.5))
        assert "somebody else speaks" in answer["msg"]


@BY_CALL
def test_without_the_flag_these_addresses_are_not_there(
    tmp_path_factory: pytest.TempPathFactory, path: str
) -> None:
    with serving_bars(tmp_path_factory.mktemp("plain")) as server:
        assert httpx.post(server.address + path, json={"sessionid": 1}).status_code == 405
