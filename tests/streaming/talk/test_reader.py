"""What is typed is read aloud, in the page and by LiveTalking's addresses."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

pytest.importorskip("pipecat", reason="pipecat-ai is not installed", exc_type=ImportError)

from streaming.core.config import ServeConfig
from tests.streaming.support.agent import onlooking
from tests.streaming.support.live_server import LiveServer, serving_bars
from tests.streaming.support.person import talking
from tests.streaming.support.polling import until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    config = ServeConfig(max_sessions=4, talk="reader", compat="livetalking")
    with serving_bars(tmp_path_factory.mktemp("reader"), config) as server:
        yield server


async def test_what_is_typed_is_read_aloud(server: LiveServer) -> None:
    async with talking(server) as person:
        assert person.all("talk.ready")[0]["can_type"]
        await person.send("talk.text", text="Good evening, and welcome.")
        said = await person.hears_of("talk.said")
        assert said["text"] == "Good evening, and welcome."
        await until(lambda: len(person.heard()) > 20)


async def test_the_page_is_told_what_it_can_talk_with(server: LiveServer) -> None:
    async with httpx.AsyncClient(base_url=server.address) as client:
        answer = (await client.get("/talk")).json()
    assert answer == {
        "kind": "reader",
        "services": [{"role": "reader", "address": "this machine"}],
        "stored": False,
    }


async def test_livetalking_s_human_says_a_text(server: LiveServer) -> None:
    async with onlooking(server) as onlooker:
        number = int(onlooker.session[:12], 16)
        message: dict[str, Any] = {"sessionid": number, "type": "echo", "text": "Good evening."}
        async with httpx.AsyncClient(base_url=server.address, timeout=30) as client:
            said = (await client.post("/human", json=message)).json()
            assert said == {"code": 0, "msg": "ok", "data": None}
            await until(lambda: len(onlooker.heard()) > 10)
            silenced = await client.post("/interrupt_talk", json={"sessionid": number})
            assert silenced.json()["code"] == 0
