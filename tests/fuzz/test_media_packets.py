"""Packets of sound and reports that are almost right, inside the encryption of a call."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from struct import pack
from typing import Any

import pylibsrtp
import pytest
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
    RtpPacket,
    pack_remb_fci,
)
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.mutations import mutated_bytes
from tests.fuzz.page import Page, open_page
from tests.fuzz.profile import HANG, fuzz
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.polling import wait_until
from tests.streaming.support.talking_peer import TalkingPeer

REPORT = RtcpReceiverInfo(2, 1, 3, 4, 5, 6, 7)
SOUND = bytes(RtpPacket(96, 0, 1, 960, 5, b"\xf8\xff\xfe").serialize())
REPORTS = [
    bytes(packet)
    for packet in (
        RtcpSrPacket(1, RtcpSenderInfo(1 << 60, 2, 3, 4), [REPORT]),
        RtcpRrPacket(1, [REPORT]),
        RtcpSdesPacket([RtcpSourceInfo(1, [(1, b"name")])]),
        RtcpRtpfbPacket(RTCP_RTPFB_NACK, 1, 2, [1, 2, 3]),
        RtcpPsfbPacket(RTCP_PSFB_PLI, 1, 2),
        RtcpPsfbPacket(RTCP_PSFB_APP, 1, 0, pack_remb_fci(1_000_000, [1, 2])),
        RtcpByePacket([7]),
    )
]
EXTENDED = SOUND[:1].replace(b"\x80", b"\x90") + SOUND[1:12] + pack("!HHL", 0xBEDE, 1, 0x10AA0000)
PACKETS = st.one_of(
    mutated_bytes(SOUND),
    mutated_bytes(EXTENDED + SOUND[12:]),
    st.sampled_from(REPORTS).flatmap(mutated_bytes),
    st.lists(st.sampled_from(REPORTS), max_size=40).map(b"".join),
    st.binary(max_size=40).map(lambda rest: SOUND[:12] + rest),
)


class Caller:
    """A call that says what it likes; lives in a loop of its own."""

    def __init__(self, page: Page) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._peer = self._run(self._new_peer())
        page.send({"type": "offer", "sdp": self._run(self._peer.offer())})
        self._run(self._peer.take_answer((page.expect("answer") or {})["sdp"]))

    def send(self, packets: list[bytes]) -> None:
        """Encrypt and send what can be: libsrtp itself refuses what has no header."""
        self._run(self._send(packets))

    def watch(self) -> None:
        """Fails unless pictures keep coming."""
        seen = len(self._peer.face)
        wait_until(lambda: len(self._peer.face) >= seen + 2, HANG)

    def close(self) -> None:
        self._run(self._peer.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _new_peer(self) -> TalkingPeer:
        return TalkingPeer()

    async def _send(self, packets: list[bytes]) -> None:
        transport: Any = self._peer.peer.getSenders()[0].transport
        for packet in packets:
            with contextlib.suppress(pylibsrtp.Error, TypeError):
                await transport._send_rtp(packet)

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(HANG)


@pytest.fixture(scope="module")
def caller(server: LiveServer) -> Iterator[Caller]:
    with open_page(server) as page:
        caller = Caller(page)
        caller.watch()
        yield caller
        caller.close()


@fuzz
@given(st.lists(PACKETS, min_size=1, max_size=20))
@example([bytes(RtcpPsfbPacket(RTCP_PSFB_APP, 1, 0, b"REMB\xff\x00\x00\x00"))])
def test_the_call_goes_on(caller: Caller, packets: list[bytes]) -> None:
    caller.send(packets)
    caller.watch()
