"""LiveTalking's /human in a conversation: answered, or said as it is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("pipecat", reason="pipecat-ai is not installed", exc_type=ImportError)

from streaming.doors.livetalking import session_number
from tests.streaming.support.conversation import finals, serving_agent
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.model_server import ModelServer
from tests.streaming.support.person import Person, talking
from tests.streaming.support.polling import until


class Human:
    """Posts to the call of one person."""

    def __init__(self, client: httpx.AsyncClient, person: Person) -> None:
        self._client = client
        self._number = session_number(person.all("answer")[0]["session_id"])

    async def post(self, address: str = "/human", **fields: Any) -> dict[str, Any]:
        message = {"sessionid": self._number, **fields}
        answer: dict[str, Any] = (await self._client.post(address, json=message)).json()
        return answer


@asynccontextmanager
async def posting(server: LiveServer, person: Person) -> AsyncIterator[Human]:
    async with httpx.AsyncClient(base_url=server.address, timeout=30) as client:
        yield Human(client, person)


async def test_a_chat_is_answered_and_an_echo_is_said_as_it_is(
    tmp_path: Path, models: ModelServer
) -> None:
    models.answer = "This is my answer number {turns}."
    with serving_agent(tmp_path, models.agent(), compat="livetalking") as server:
        async with talking(server) as person, posting(server, person) as human:
            assert (await human.post(type="chat", text="What is this?"))["code"] == 0
            await until(lambda: finals(person, "talk.said") == ["This is my answer number 1."])
            assert finals(person, "talk.heard") == ["What is this?"]
            assert (await human.post(type="echo", text="As it is."))["code"] == 0
            await until(lambda: finals(person, "talk.said")[-1] == "As it is.")
            assert finals(person, "talk.heard") == ["What is this?"], "nobody asked"
            assert len(models.asked) == 1
            assert (await human.post(type="chat", text=" "))["code"] == 0
            assert (await human.post(type="chat", text="And now?"))["code"] == 0
            await until(lambda: person.states()[-1] == "speaking")
            assert (await human.post("/is_speaking"))["data"]
            assert (await human.post(type="echo", text="Stop.", interrupt=True))["code"] == 0
            await until(lambda: finals(person, "talk.said")[-1] == "Stop.")
            assert [one["interrupted"] for one in person.all("talk.said") if one["final"]] == [
                False, False, True, False,
            ]  # fmt: skip
    contents = [message["content"] for message in models.asked[1]["messages"][1:]]
    assert contents == ["What is this?", "This is my answer number 1.", "As it is.", "And now?"]
