"""An agent speaks in a real call: over a real server, seen and heard by a real peer."""

import asyncio
import base64
import os
import time
from pathlib import Path
from typing import Any

import pytest
import websockets

from streaming.core.config import ServeConfig
from streaming.core.process_stats import look_at
from tests.streaming.support.agent import agent, onlooking
from tests.streaming.support.live_server import LiveServer, serving_bars
from tests.streaming.support.polling import until
from tests.streaming.support.pushed_stage import RATE, speech
from tests.streaming.support.stranger import SECRET, bearing, token

FLOOD_S = 10


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig(max_sessions=4)


def in_base64(pcm: bytes) -> str:
    return base64.b64encode(pcm).decode()


async def test_what_an_agent_says_is_seen_and_heard(server: LiveServer) -> None:
    async with onlooking(server) as onlooker, agent(server) as speaker:
        ready = await speaker.hear("session.ready")
        assert ready["session_id"] == onlooker.session
        assert (ready["rate"], ready["generation"]) == (RATE, 0)
        await speaker.send("agent.speak", audio=in_base64(speech(0.6)))
        await speaker.send("agent.speak_end")
        assert (await speaker.hear("agent.speak_started"))["segment"] == 0
        ended = await speaker.hear("agent.speak_ended")
        await until(lambda: len(onlooker.heard()) >= 20)
    assert ended == {
        "type": "agent.speak_ended", "segment": 0, "position_ms": 600, "interrupted": False,
    }  # fmt: skip
    assert onlooker.seen_open()


async def test_binary_messages_of_another_rate_are_speech_too(server: LiveServer) -> None:
    async with onlooking(server) as onlooker, agent(server, "?rate=16000") as speaker:
        assert (await speaker.hear("session.ready"))["rate"] == 16_000
        await speaker.socket.send(speech(0.4, 16_000))
        await speaker.send("agent.speak_end")
        assert (await speaker.hear("agent.speak_ended"))["position_ms"] == pytest.approx(400, abs=1)
        assert onlooker.heard()


async def test_an_interruption_silences_the_face_and_says_how_far_it_came(
    server: LiveServer,
) -> None:
    async with onlooking(server) as onlooker, agent(server) as speaker:
        pcm = speech(4.0)
        for start in range(0, len(pcm), RATE):
            await speaker.send("agent.speak", audio=in_base64(pcm[start : start + RATE]))
        await until(lambda: len(onlooker.heard()) > 30)
        await speaker.send("agent.interrupt")
        interrupted = time.monotonic()
        ended = await speaker.hear("agent.speak_ended")
        assert (await speaker.hear("agent.interrupted"))["generation"] == 1
        await speaker.send("agent.speak", audio=in_base64(speech(0.5)), generation=0)
        await speaker.send("agent.speak_end", generation=0)
        pictures = len(onlooker.face)
        await until(lambda: len(onlooker.face) > pictures + 25)
    assert ended["interrupted"]
    assert 500 < ended["position_ms"] < 3000
    assert not onlooker.heard(since=interrupted + 0.8), "neither the rest nor what came late"
    assert not onlooker.seen_open(since=interrupted + 0.8)


@pytest.mark.parametrize(
    ("query", "message", "code", "said"),
    [
        ("", "{", "malformed", "not understood"),
        ("", '{"type": "agent.dance"}', "malformed", "not understood"),
        ("", '{"type": "agent.speak", "audio": "%%%"}', "malformed", "not understood"),
        ("", b"\0\0\0", "refused", "3 bytes are no 16-bit sound"),
        ("?rate=4000", b"\0\0", "refused", "a sample rate of 4000 Hz"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words_and_the_call_goes_on(
    server: LiveServer, query: str, message: Any, code: str, said: str
) -> None:
    async with onlooking(server) as onlooker, agent(server, query) as speaker:
        await speaker.socket.send(message)
        problem = await speaker.hear("error")
        assert problem["code"] == code
        assert said in problem["message"]
        pictures = len(onlooker.face)
        await until(lambda: len(onlooker.face) > pictures + 5)
        await speaker.send("agent.interrupt")
        await speaker.hear("agent.interrupted")


async def test_a_flood_of_speech_is_refused_and_the_call_goes_on(server: LiveServer) -> None:
    async with onlooking(server) as onlooker, agent(server) as speaker:
        piece = speech(1.3)
        for _ in range(60):
            await speaker.socket.send(piece)
        problem = await speaker.hear("error")
        assert "60 s of speech wait" in problem["message"]
        await speaker.send("agent.interrupt")
        assert (await speaker.hear("agent.speak_ended"))["interrupted"]
        pictures = len(onlooker.face)
        await until(lambda: len(onlooker.face) > pictures + 25)


async def test_a_megabyte_a_second_for_ten_seconds_is_refused_and_the_call_goes_on(
    server: LiveServer,
) -> None:
    piece = speech(1.1)  # 53 kB
    async with onlooking(server) as onlooker, agent(server) as speaker:
        begun, held = time.monotonic(), look_at(os.getpid())
        for number in range(FLOOD_S * 20):
            await asyncio.sleep(begun + number / 20 - time.monotonic())
            await speaker.socket.send(piece)
        pictures = [at for at, _, _ in onlooker.face if at > begun]
        await speaker.send("agent.interrupt")
        assert (await speaker.hear("agent.speak_ended"))["interrupted"]
        await speaker.send("agent.speak", audio=in_base64(speech(0.3)))
        await speaker.send("agent.speak_end")
        assert (await speaker.hear("agent.speak_ended"))["position_ms"] == 300
    after = look_at(os.getpid())
    refusals = [one for one in speaker.told if one["type"] == "error"]
    assert len(refusals) > FLOOD_S * 20 / 2
    assert all("60 s of speech wait" in one["message"] for one in refusals)
    assert len(pictures) > FLOOD_S * 5, "of 25 a second, on a busy machine"
    if held and after:  # Linux
        assert after.resident_bytes - held.resident_bytes < 100e6


async def test_half_a_segment_and_then_nothing_is_given_up_and_said(server: LiveServer) -> None:
    async with onlooking(server), agent(server) as speaker:
        await speaker.socket.send(speech(0.5))
        problem = await speaker.hear("error")
        assert problem["code"] == "abandoned"
        assert "no speech came for 5 s" in problem["message"]
        ended = await speaker.hear("agent.speak_ended")
        assert (ended["segment"], ended["interrupted"]) == (0, False)
        assert ended["position_ms"] == 500
        await speaker.socket.send(speech(0.3))
        await speaker.send("agent.speak_end")
        assert (await speaker.hear("agent.speak_ended"))["segment"] == 1


async def test_a_second_agent_is_turned_away_and_the_first_speaks_on(server: LiveServer) -> None:
    async with onlooking(server), agent(server) as first:
        await first.hear("session.ready")
        async with agent(server) as second:
            assert "somebody else speaks" in (await second.hear("error"))["message"]
        await first.socket.send(speech(0.3))
        await first.send("agent.speak_end")
        await first.hear("agent.speak_ended")


@pytest.mark.parametrize("query", ["", "?session=0123456789abcdef", "?rate=fast"])
async def test_without_a_call_or_a_rate_there_is_an_error(server: LiveServer, query: str) -> None:
    said = "no number" if "rate" in query else "there is no call"
    async with agent(server, query) as speaker:
        assert said in (await speaker.hear("error"))["message"]


async def test_an_agent_is_told_when_the_call_ends(server: LiveServer) -> None:
    async with onlooking(server) as onlooker, agent(server) as speaker:
        await speaker.hear("session.ready")
        await speaker.socket.send(speech(1.0))
        await onlooker.close()
        problem = await speaker.hear("error")
        assert problem["code"] == "ended"
        with pytest.raises(websockets.ConnectionClosed):
            await speaker.socket.recv()
    async with agent(server, f"?session={onlooker.session}") as speaker:
        assert "it has ended, or never was" in (await speaker.hear("error"))["message"]


async def test_the_microphone_is_heard_again_when_the_agent_leaves(server: LiveServer) -> None:
    async with onlooking(server) as onlooker:
        onlooker.beeps.loud = True
        await until(lambda: onlooker.heard())
        async with agent(server) as speaker:
            await speaker.hear("session.ready")
            begun = time.monotonic()
            pictures = len(onlooker.face)
            await until(lambda: len(onlooker.face) > pictures + 50)
            assert not onlooker.heard(since=begun + 0.8)
        await until(lambda: onlooker.heard(since=time.monotonic() - 0.1))


async def test_a_token_to_speak_is_good_for_its_session_only(tmp_path: Path) -> None:
    (tmp_path / "token.secret").write_bytes(SECRET)
    config = ServeConfig(token_secret_file=str(tmp_path / "token.secret"), max_sessions=2)
    with serving_bars(tmp_path, config) as server:
        async with onlooking(server, headers=bearing(token())) as onlooker:
            for bad in (token("talk"), token("view"), token("speak", speaker="pale")):
                query = f"?session={onlooker.session}"
                async with agent(server, query, additional_headers=bearing(bad)) as speaker:
                    assert (await speaker.hear("error"))["code"] == "token"
            other = token("speak", session="0123456789abcdef")
            async with agent(
                server, f"?session={onlooker.session}", additional_headers=bearing(other)
            ) as speaker:
                assert "another session" in (await speaker.hear("error"))["message"]
            async with agent(server) as speaker:  # as a browser shows its token
                await speaker.send("token", token=token("speak", session=onlooker.session))
                assert (await speaker.hear("session.ready"))["session_id"] == onlooker.session
