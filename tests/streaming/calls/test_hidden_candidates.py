"""Callers who name no address that could be used (Firefox names only .local), and reach us."""

import re
from collections.abc import Callable

import pytest

from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.posted_call import call
from tests.streaming.support.talking_peer import TalkingPeer


def behind_names(offer: str) -> str:
    return re.sub(r"(a=candidate:\S+ \d udp \d+) \S+", r"\1 1b2c3d.local", offer)


def without_any(offer: str) -> str:
    return re.sub(r"a=candidate:.*\r\n", "", offer)


@pytest.mark.parametrize("hide", [behind_names, without_any])
async def test_a_caller_who_hides_its_addresses_is_found_by_its_own_checks(
    server: LiveServer, hide: Callable[[str], str]
) -> None:
    peer = TalkingPeer()
    offer = hide(await peer.offer())
    assert "a=end-of-candidates" in offer
    assert not re.search(r"a=candidate:.* \d+\.\d+\.\d+\.\d+ ", offer)
    await call(server, peer, offer, 0.5)
