"""A server that is asked into a room of LiveKit, and why it does not go."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from streaming.core.config import ServeConfig
from tests.streaming.support.live_server import LiveServer, serving_bars
from tests.streaming.support.livekit_token import room_token
from tests.streaming.support.stranger import SECRET, bearing, token

ROOMS = "wss://rooms.example.org"


def ask(
    server: LiveServer, headers: dict[str, str] | None = None, **changed: Any
) -> tuple[int, str]:
    """Status and words of the answer."""
    body = {"url": ROOMS, "token": room_token(), "speaker": "bar"} | changed
    answer = httpx.post(f"{server.address}/livekit/join", json=body, headers=headers)
    return answer.status_code, answer.text


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig(livekit_servers=(f"{ROOMS}/",))


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"url": "wss://elsewhere.example.org"}, 403, "not among this server's livekit_servers"),
        ({"speaker": "nobody"}, 404, "there is no speaker 'nobody'; there are bar, pale"),
        ({"token": "none"}, 400, "the token is none of LiveKit's"),
        ({"token": room_token(exp=1)}, 400, "the token for the room has run out"),
        ({"token": room_token(video={"room": "lesson"})}, 400, "room_join=True"),
        ({"token": room_token(video="all")}, 400, "room_join=True"),
        ({"token": room_token(kind="standard")}, 400, "lk.publish_on_behalf"),
        ({"token": room_token(attributes={})}, 400, "lk.publish_on_behalf"),
        ({"token": 7}, 422, "token: Input should be a valid string"),
        ({"token": "x" * 40_000}, 422, "at most 16384 characters"),
    ],
)
def test_an_invitation_that_makes_no_sense_is_refused_in_words(
    server: LiveServer, changed: dict[str, Any], status: int, said: str
) -> None:
    answered, words = ask(server, **changed)
    assert answered == status
    assert said in str(json.loads(words)["detail"])
    assert server.sessions() == 0


def has_livekit() -> bool:
    """The plug-in's own part of that namespace is always there."""
    try:
        return importlib.util.find_spec("livekit.agents") is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.skipif(has_livekit(), reason="livekit is installed")
def test_without_the_extra_the_answer_says_how_to_get_it(server: LiveServer) -> None:
    status, words = ask(server)
    assert status == 501
    assert "pip install 'speech2lip-live[livekit]'" in words
    assert server.sessions() == 0


def test_a_token_of_the_server_is_needed_where_calls_need_one(tmp_path: Path) -> None:
    (tmp_path / "token.secret").write_bytes(SECRET)
    config = ServeConfig(token_secret_file=str(tmp_path / "token.secret"), livekit_servers=(ROOMS,))
    with serving_bars(tmp_path, config) as server:
        for headers in ({}, bearing(token("speak")), bearing(token(speaker="pale"))):
            assert ask(server, headers)[0] == 401
