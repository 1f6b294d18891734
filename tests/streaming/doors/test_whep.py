"""A player begins and ends a call by WHEP."""

from pathlib import Path

import httpx
import pytest

from streaming.core.config import ServeConfig
from tests.streaming.support.agent import Onlooker
from tests.streaming.support.live_server import LiveServer, serving_bars
from tests.streaming.support.polling import until
from tests.streaming.support.stranger import SECRET, bearing, token

SDP = {"content-type": "application/sdp"}


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig(max_sessions=2)


async def test_a_player_sees_the_speaker_that_it_asks_for_until_it_hangs_up(
    server: LiveServer,
) -> None:
    player = Onlooker(speaks=False)
    async with httpx.AsyncClient(base_url=server.address) as client:
        answer = await client.post("/whep/pale", content=await player.offer(), headers=SDP)
        assert answer.status_code == 201
        assert answer.headers["content-type"].startswith("application/sdp")
        await player.take_answer(answer.text)
        await until(lambda: len(player.face) > 5 and len(player.voice) > 5)
        assert server.sessions() == 1
        assert (await client.delete(answer.headers["location"])).status_code == 200
        assert server.sessions() == 0
        gone = await client.delete(answer.headers["location"])
        assert gone.status_code == 404
        assert "there is no call" in gone.text
    await player.close()


@pytest.mark.parametrize(
    ("speaker", "headers", "body", "status"),
    [
        ("nobody", SDP, "v=0", 404),
        ("bar", {"content-type": "application/json"}, "{}", 415),
        ("bar", SDP, "nonsense", 400),
        ("bar", SDP, "v=0\n" * 20_000, 413),
    ],
)
async def test_what_is_no_offer_for_a_speaker_is_refused(
    server: LiveServer, speaker: str, headers: dict[str, str], body: str, status: int
) -> None:
    answer = httpx.post(f"{server.address}/whep/{speaker}", content=body, headers=headers)
    assert answer.status_code == status
    assert server.sessions() == 0


def test_a_player_needs_a_token_where_others_do(tmp_path: Path) -> None:
    (tmp_path / "token.secret").write_bytes(SECRET)
    config = ServeConfig(token_secret_file=str(tmp_path / "token.secret"))
    with serving_bars(tmp_path, config) as server:
        for headers in ({}, bearing(token("view")), bearing(token(speaker="pale"))):
            answer = httpx.post(f"{server.address}/whep/bar", content="v=0", headers=SDP | headers)
            assert answer.status_code == 401
