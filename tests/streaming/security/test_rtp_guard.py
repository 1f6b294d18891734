"""A caller who misuses an encrypted connection harms nobody: too much, too often, too strange."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from struct import pack
from typing import Any

import pytest
import websockets
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RTPFB,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtpPacket,
    pack_remb_fci,
    pack_rtcp_packet,
)

from streaming.security.rtp_guard import BIT_RATES, BURST_S, KEY_FRAMES, REPEATS, SOURCES
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.netns_caller import expect
from tests.streaming.support.polling import until
from tests.streaming.support.scrape import scrape
from tests.streaming.support.talking_peer import TalkingPeer

OPUS = 96  # of aiortc's offers
SPELL = 3.0  # seconds that a caller is watched
ASKED = 200  # times that one report asks for 17 packets
SILENCE = b"\xf8\xff\xfe"  # an Opus packet of 20 ms


@asynccontextmanager
async def call(server: LiveServer) -> AsyncIterator[TalkingPeer]:
    """A call whose pictures are coming."""
    peer = TalkingPeer()
    async with websockets.connect(server.address.replace("http", "ws") + "/ws") as socket:
        await socket.send(json.dumps({"type": "offer", "sdp": await peer.offer()}))
        await peer.take_answer((await expect(socket, "answer"))["sdp"])
        await until(lambda: len(peer.face) > 5, 20)
        yield peer
        await peer.close()


def dropped(server: LiveServer, what: str) -> float:
    return scrape(server.address).get(f'avatar_dropped_packets_total{{what="{what}"}}', 0)


def transport(peer: TalkingPeer) -> Any:
    return peer.peer.getSenders()[0].transport


async def still_shown(peer: TalkingPeer) -> None:
    """The call goes on: sound and pictures come as before."""
    await asyncio.sleep(0.5)
    face, voice = len(peer.face), len(peer.voice)
    await until(lambda: len(peer.face) > face + 10 and len(peer.voice) > voice + 10, 20)


def face_source(peer: TalkingPeer) -> int:
    """The SSRC of the pictures that come."""
    receiver: Any = peer.peer.getReceivers()[1]
    return next(iter(receiver._RTCRtpReceiver__remote_streams))


async def test_new_sources_are_not_remembered_without_end(server: LiveServer) -> None:
    before = dropped(server, "source")
    async with call(server) as peer:
        for number in range(200):
            packet = RtpPacket(OPUS, 0, number, 960 * number, 77_000 + number, SILENCE)
            await transport(peer)._send_rtp(packet.serialize())
        await still_shown(peer)
        assert dropped(server, "source") - before >= 200 - SOURCES


async def test_a_report_may_not_have_thousands_of_packets_sent_again(server: LiveServer) -> None:
    async with call(server) as peer:
        receiver: Any = peer.peer.getReceivers()[1]
        streams = receiver._RTCRtpReceiver__remote_streams
        source = face_source(peer)
        here = transport(peer)
        came = 0
        handle = here._handle_rtp_data

        async def count(data: bytes, arrival_time_ms: int) -> None:
            nonlocal came
            came += 1
            await handle(data, arrival_time_ms=arrival_time_ms)

        here._handle_rtp_data = count
        for _ in range(40):
            first = (streams[source].max_seq - 17) % 65536
            named = pack("!LL", 1, source) + ASKED * pack("!HH", first, 0xFFFF)
            await here._send_rtp(pack_rtcp_packet(RTCP_RTPFB, RTCP_RTPFB_NACK, named))
            await asyncio.sleep(SPELL / 40)
        await still_shown(peer)
        due = 400 * (SPELL + 2) + REPEATS * (SPELL + 2 + BURST_S)
        assert came < due, f"{40 * ASKED * 17} were asked for"


@pytest.mark.parametrize("wish", ["key frame", "bit rate"])
async def test_what_costs_a_key_frame_is_heeded_only_so_often(
    server: LiveServer, wish: str
) -> None:
    before = dropped(server, "wish")
    async with call(server) as peer:
        source = face_source(peer)
        for number in range(60):
            rate = pack_remb_fci(1_000_000 * (1 + number % 2), [source])
            key_frame = RtcpPsfbPacket(RTCP_PSFB_PLI, 1, source)
            bit_rate = RtcpPsfbPacket(RTCP_PSFB_APP, 1, 0, rate)
            await transport(peer)._send_rtp(bytes(key_frame if wish == "key frame" else bit_rate))
            await asyncio.sleep(SPELL / 60)
        await still_shown(peer)
        heeded = 60 - (dropped(server, "wish") - before)
        assert heeded <= max(KEY_FRAMES, BIT_RATES) * (SPELL + BURST_S) + 3


async def test_sound_that_floods_in_is_dropped(server: LiveServer) -> None:
    before = dropped(server, "sound")
    async with call(server) as other, call(server) as peer:
        for number in range(4000):
            packet = RtpPacket(OPUS, 0, number % 65536, 960 * number, 99, SILENCE)
            await transport(peer)._send_rtp(packet.serialize())
            if number % 100 == 0:
                await asyncio.sleep(0.02)
        await still_shown(peer)
        await still_shown(other)
    assert dropped(server, "sound") - before > 1000


async def test_a_report_that_promises_more_than_it_holds_is_dropped_in_silence(
    server: LiveServer, caplog: pytest.LogCaptureFixture
) -> None:
    before = dropped(server, "malformed")
    async with call(server) as peer:
        with caplog.at_level(logging.WARNING):
            lie = RtcpPsfbPacket(RTCP_PSFB_APP, 1, 0, b"REMB\xff\x00\x00\x00")
            await transport(peer)._send_rtp(bytes(lie))
            await still_shown(peer)
    assert "Traceback" not in caplog.text
    assert dropped(server, "malformed") - before == 1
