"""What a caller may send once the connection stands; aiortc takes any amount of anything.

Each new SSRC is given memory for as long as the call lasts, a short NACK may name one packet
thousands of times and all of them are sent, and a report that aiortc cannot read ends the
connection with a traceback.
"""

import struct
import time
from collections.abc import Iterator

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
BURST_S = 3.0  # of each that may come at once, as after a cut of the line
SOURCES = 8  # SSRCs of one call, in all; a browser's microphone is one
SSRC = slice(8, 12)  # of an RTP packet
UNREADABLE = (ValueError, struct.error)  # what aiortc raises over packets that make no sense


class RtpGuard:
    """Decides what of one transport is heeded; counts what is too much or cannot be read."""

    def __init__(self) -> None:
        self._sources: set[bytes] = set()
        now = time.monotonic()
        self._sound, self._reports, self._repeats, key_frames, bit_rates = (
            Bucket(rate, rate * BURST_S, now)
            for rate in (SOUND_PACKETS, REPORTS, REPEATS, KEY_FRAMES, BIT_RATES)
        )
        self._wishes = {
            RTCP_PSFB_PLI: key_frames,
            RTCP_PSFB_FIR: key_frames,
            RTCP_PSFB_APP: bit_rates,
        }

    def admits(self, sound: bytes) -> bool:
        """Whether an RTP packet may go on."""
        if not self._sound.take(time.monotonic()):
            drop("sound")
            return False
        if not self._knows(sound[SSRC]):
            drop("source")
            return False
        return True

    def heeded(self, reports: bytes) -> Iterator[AnyRtcpPacket]:
        """The RTCP packets of one datagram that may go on, one at a time. Raises UNREADABLE."""
        if not self._reports.take(time.monotonic()):
            drop("report")
            return
        for packet in RtcpPacket.parse(reports):
            if self._allows(packet):
                yield packet

    def _knows(self, source: bytes) -> bool:
        if len(self._sources) < SOURCES:
            self._sources.add(source)
        return source in self._sources

    def _allows(self, packet: AnyRtcpPacket) -> bool:
        """Whether to heed a report; the packets that a NACK names are cut to what may be sent."""
        now = time.monotonic()
        if isinstance(packet, RtcpRtpfbPacket):
            named = dict.fromkeys(packet.lost)
            packet.lost = [number for number in named if self._repeats.take(now)]
            metrics.DROPPED_PACKETS.labels("repeat").inc(len(named) - len(packet.lost))
        wishes = self._wishes.get(packet.fmt) if isinstance(packet, RtcpPsfbPacket) else None
        if wishes and not wishes.take(now):
            drop("wish")
            return False
        return True


def drop(what: str) -> None:
    """Count a packet that goes no further."""
    metrics.DROPPED_PACKETS.labels(what).inc()
