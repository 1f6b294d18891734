"""What a caller may send once the connection stands; aiortc takes any amount of anything.

Each new SSRC is given memory for as long as the call lasts, a short NACK may name one packet
thousands of times and all of them are sent, and a report that aiortc cannot read ends the
connection with a traceback.
"""

import struct
import time
from typing import Any

from aiortc import RTCDtlsTransport, RTCPeerConnection
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    AnyRtcpPacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRtpfbPacket,
)

from streaming.core import metrics
from streaming.security.rate_limit import Bucket

SOUND_PACKETS = 150.0  # a second; Opus has 50, or 100 of 10 ms
REPORTS = 100.0  # RTCP packets a second; a browser on a bad line sends some 50
REPEATS = 300.0  # packets a second that are sent again for those that were lost
KEY_FRAMES = 3.0  # a second that a caller may ask for
BIT_RATES = 3.0  # a second that a caller may ask for: each begins with a key frame, too
BURST = 3.0  # seconds of each that may come at once, as after a cut of the line
SOURCES = 8  # SSRCs of one call, in all; a browser's microphone is one
SSRC = slice(8, 12)  # of an RTP packet


class RtpGuard:
    """Stands before one aiortc transport and drops what is too much or cannot be read."""

    def __init__(self, transport: RTCDtlsTransport) -> None:
        self._router: Any = transport._rtp_router
        self._sources: set[bytes] = set()
        now = time.monotonic()
        self._sound, self._reports, self._repeats, key_frames, bit_rates = (
            Bucket(rate, rate * BURST, now)
            for rate in (SOUND_PACKETS, REPORTS, REPEATS, KEY_FRAMES, BIT_RATES)
        )
        self._wishes = {
            RTCP_PSFB_PLI: key_frames,
            RTCP_PSFB_FIR: key_frames,
            RTCP_PSFB_APP: bit_rates,
        }
        self._pass_on = transport._handle_rtp_data
        vars(transport).update(_handle_rtp_data=self._take_rtp, _handle_rtcp_data=self._take_rtcp)

    async def _take_rtp(self, data: bytes, arrival_time_ms: int) -> None:
        if not self._sound.take(time.monotonic()):
            _drop("sound")
        elif not self._knows(data[SSRC]):
            _drop("source")
        else:
            await self._pass_on(data, arrival_time_ms=arrival_time_ms)

    def _knows(self, source: bytes) -> bool:
        if len(self._sources) < SOURCES:
            self._sources.add(source)
        return source in self._sources

    async def _take_rtcp(self, data: bytes) -> None:
        if not self._reports.take(time.monotonic()):
            _drop("report")
            return
        try:
            for packet in RtcpPacket.parse(data):
                if self._allows(packet):
                    await self._route(packet)
        except (ValueError, struct.error):
            _drop("malformed")

    async def _route(self, packet: AnyRtcpPacket) -> None:
        for recipient in self._router.route_rtcp(packet):
            await recipient._handle_rtcp_packet(packet)

    def _allows(self, packet: AnyRtcpPacket) -> bool:
        """Whether to heed a report; the packets that a NACK names are cut to what may be sent."""
        now = time.monotonic()
        if isinstance(packet, RtcpRtpfbPacket):
            named = dict.fromkeys(packet.lost)
            packet.lost = [number for number in named if self._repeats.take(now)]
            metrics.DROPPED_PACKETS.labels("repeat").inc(len(named) - len(packet.lost))
        wishes = self._wishes.get(packet.fmt) if isinstance(packet, RtcpPsfbPacket) else None
        if wishes and not wishes.take(now):
            _drop("wish")
            return False
        return True


def guard(peer: RTCPeerConnection) -> None:
    """Put a guard before every transport of a connection that has been negotiated."""
    for transport in {sender.transport for sender in peer.getSenders()}:
        RtpGuard(transport)


def _drop(what: str) -> None:
    metrics.DROPPED_PACKETS.labels(what).inc()
