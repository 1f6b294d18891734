"""Honest Sender Reports: RTP time paired with when that sound or picture is due on the clock.

aiortc pairs the RTP time of a packet with the moment after it was encoded and sent. Encoding takes
8-35 ms for a picture and 1-14 ms for sound, and that difference reaches the browser as skew, which
it then corrects by delaying the other track. Here both tracks are paired through the one clock.

aiortc's Opus encoder moreover counts from the first frame that it is given, and its G.711 encoder
gives the first packet with the second frame. For whoever joins a call that is under way, the time
stamps are put back to where the first frame stands on the clock.
"""

from typing import Any

from aiortc import RTCRtpSender
from aiortc.rtp import RtcpSrPacket

from streaming.media.clock import VOICE_RATE, SessionClock
from streaming.webrtc.tracks import PacedTrack

UNIX_MINUS_NTP = 2_208_988_800  # seconds from 1900 to 1970
UINT32 = 1 << 32


class MediaTimeReports:
    """Rewrites the Sender Reports of one aiortc sender; keeps the RTP time of its position 0."""

    def __init__(
        self, sender: RTCRtpSender, track: PacedTrack, rate: int, clock: SessionClock
    ) -> None:
        """`rate`: of the codec's RTP clock, Hz."""
        self.origin: int | None = None
        "RTP time stamp of the track's pts 0; None until two frames were sent."
        self._sender: Any = sender
        self._track = track
        self._rate = rate
        self._clock = clock
        self._sent: int | None = None  # media time of the last frame given to the network
        self._missed: int | None = None  # media time at which the encoder began to count
        self._next_frame = self._sender._next_encoded_frame
        self._send = self._sender._send_rtcp
        vars(sender).update(_next_encoded_frame=self._note_frame, _send_rtcp=self._send_media_time)

    async def _note_frame(self, codec: Any) -> Any:
        """Between two frames all packets of the first have left: learn aiortc's random origin."""
        if self.origin is None and self._sent is not None:
            self.origin = (self._sender._RTCRtpSender__rtp_timestamp - self._sent) % UINT32
        frame = await self._next_frame(codec)
        if frame is not None:
            if self._missed is None:
                assert self._track.first is not None
                begun = self._track.first * self._rate // self._track.rate
                self._missed = begun - frame.timestamp
            frame.timestamp += self._missed
            self._sent = frame.timestamp
        return frame

    async def _send_media_time(self, packets: list[Any]) -> None:
        if isinstance(packets[0], RtcpSrPacket):
            if self.origin is None or self._sent is None:
                return  # a report that pairs wrongly is worse than none
            self._pair(packets[0])
        await self._send(packets)

    def _pair(self, report: RtcpSrPacket) -> None:
        assert self.origin is not None
        assert self._sent is not None
        behind = (self.origin + self._sent - report.sender_info.rtp_timestamp) % UINT32
        media = self._sent - behind
        report.sender_info.ntp_timestamp = self._ntp(media)
        # aiortc recognises the echo of its report by these bits when it works out the round trip.
        self._sender._RTCRtpSender__lsr = report.sender_info.ntp_timestamp >> 16 & (UINT32 - 1)

    def _ntp(self, media: int) -> int:
        seconds = self._clock.present_wall(media * VOICE_RATE / self._rate) + UNIX_MINUS_NTP
        return int(seconds * UINT32)
