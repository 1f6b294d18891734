"""Offers that are almost right."""

import asyncio
import json
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.security.sdp_check import OFFER_LIMIT
from tests.fuzz.mutations import mutated_lines
from tests.fuzz.page import open_page
from tests.fuzz.profile import HANG, fuzz
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.polling import wait_until
from tests.streaming.support.talking_peer import TalkingPeer

CANDIDATE = "candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host"


@cache
def good_offer() -> str:
    async def make() -> str:
        peer = TalkingPeer()
        offer = await peer.offer()
        await peer.close()
        return offer

    return asyncio.run(make())


@pytest.fixture(scope="module", autouse=True)
def _all_calls_end(server: LiveServer) -> object:
    yield
    wait_until(lambda: not server.sessions(), HANG)


@fuzz
@given(st.deferred(lambda: mutated_lines(good_offer())), st.just("") | st.text(max_size=200))
def test_an_offer_is_answered_or_refused_in_words(
    server: LiveServer, offer: str, candidate: str
) -> None:
    with open_page(server) as page:
        page.send({"type": "offer", "sdp": offer})
        reply = page.expect("answer", "error")
        if reply is None:
            assert len(json.dumps(offer)) > OFFER_LIMIT - 100, "a message that is too long"
            return
        if reply["type"] == "answer":
            page.send({"type": "candidate", "candidate": candidate, "sdpMid": "0"})
        page.send({"type": "ping", "t": 1})
        assert page.expect("pong")


def test_a_page_whose_offer_is_refused_late_is_told_and_may_try_again(server: LiveServer) -> None:
    """Its sound was taken before its video turned out to be of no use."""
    with open_page(server) as page:
        page.send({"type": "offer", "sdp": good_offer().replace("a=recvonly\r\n", "")})
        assert (page.expect("error", "bye") or {})["type"] == "error"
        page.send({"type": "offer", "sdp": good_offer()})
        assert page.expect("answer")


@fuzz
@given(st.deferred(lambda: mutated_lines(CANDIDATE)), st.sampled_from(["0", "1", "7", "", None, 3]))
def test_candidates_do_no_harm_to_a_call(server: LiveServer, lines: str, mid: object) -> None:
    with open_page(server) as page:
        page.send({"type": "offer", "sdp": good_offer()})
        assert page.expect("answer")
        for line in lines.splitlines()[:40]:
            page.send({"type": "candidate", "candidate": line, "sdpMid": mid})
        page.send({"type": "ping", "t": 1})
        assert page.expect("pong")
