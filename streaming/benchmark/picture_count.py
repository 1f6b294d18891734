"""What a caller receives, counted from RTP headers alone: nothing is decoded."""

import struct
from dataclasses import dataclass

from streaming.media.clock import VIDEO_TICKS_PER_FRAME

HEADER = struct.Struct("!BBHLL")  # flags, marker and payload type, number, time stamp, source
MARKER = 0x80  # of the last packet of a picture
FREEZE_MS = 200.0  # without a new picture
STAMPS = 1 << 32
NUMBERS = 1 << 16


@dataclass
class PictureCount:
    """Pictures of one payload type since `begin`."""

    payload_type: int
    source: int | None = None
    "SSRC of the pictures, once one has come."
    pictures: int = 0
    skipped: int = 0
    "That the time stamps leave out."
    lost_packets: int = 0
    freezes: int = 0
    "Gaps of more than 200 ms between two pictures."
    longest_gap_ms: float = 0.0
    _arrived: float | None = None
    _stamp: int = 0
    _number: int | None = None

    def begin(self, now_ms: float) -> None:
        """Forget what has come so far; the first gap counts from now."""
        self.pictures = self.skipped = self.lost_packets = self.freezes = 0
        self.longest_gap_ms = 0.0
        if self._arrived is not None:
            self._arrived = now_ms

    def take(self, packet: bytes, now_ms: float) -> None:
        """One RTP packet, of whatever kind."""
        _, kind, number, stamp, source = HEADER.unpack_from(packet)
        if kind & ~MARKER != self.payload_type:
            return
        self.source = source
        if self._number is not None:
            # Packets that come out of order would count as lost; on a loopback none do.
            self.lost_packets += min((number - self._number - 1) % NUMBERS, NUMBERS // 2)
        self._number = number
        if kind & MARKER:
            self._picture(stamp, now_ms)

    def end(self, now_ms: float) -> None:
        """The last gap, which nothing has ended."""
        self._note_gap(now_ms)

    def _picture(self, stamp: int, now_ms: float) -> None:
        if self._arrived is not None:
            self.skipped += max(0, (stamp - self._stamp) % STAMPS // VIDEO_TICKS_PER_FRAME - 1)
        self._note_gap(now_ms)
        self.pictures += 1
        self._arrived, self._stamp = now_ms, stamp

    def _note_gap(self, now_ms: float) -> None:
        if self._arrived is not None:
            gap = now_ms - self._arrived
            self.longest_gap_ms = max(self.longest_gap_ms, gap)
            self.freezes += gap > FREEZE_MS
