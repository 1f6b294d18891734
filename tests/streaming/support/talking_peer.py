"""A caller without a browser: an aiortc peer that speaks beeps and notes what comes back."""

import asyncio
import time
from fractions import Fraction

import av
import numpy as np
from aiortc import (
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtp import RtcpSrPacket, RtpPacket

from tests.sounds import sine

PACKET = 960
RATE = 48_000
BEEP = RATE // 2  # half a second of silence, half a second of tone
LEVEL = 12_000 / 32_767


class Beeps(MediaStreamTrack):
    """A microphone that hears 220 Hz every other half second; may pause like DTX."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.paused = False
        self.loud = True
        self._begun: float | None = None
        self._sent = 0

    async def recv(self) -> av.AudioFrame:
        self._begun = self._begun or time.monotonic()
        while True:
            due = self._begun + self._sent * PACKET / RATE
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            place = np.arange(PACKET) + self._sent * PACKET
            self._sent += 1
            if not self.paused:
                break
        level = LEVEL * self.loud * (place[0] // BEEP % 2)
        pcm = (sine(place, RATE, 220, level) * 32_767).astype(np.int16)[np.newaxis]
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, int(place[0])
        frame.time_base = Fraction(1, RATE)
        return frame


class TalkingPeer:
    """Offers a call, takes the answer, collects (arrival, media seconds, level) of both tracks."""

    def __init__(
        self,
        speaks: bool = True,
        sends_video: bool = False,
        ice_servers: list[RTCIceServer] | None = None,
        hears: bool = True,
        codecs: dict[str, str] | None = None,
    ) -> None:
        """`hears`: the offer has an audio section; `codecs`: the only one named, by kind."""
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=ice_servers or []))
        self.voice: list[tuple[float, float, float]] = []
        self.face: list[tuple[float, float, float]] = []
        self.picture = np.zeros((0, 0), np.uint8)  # the last one's planes, Y above U above V
        self.reports: list[tuple[int, int, int]] = []  # ssrc, NTP, RTP
        self.origins: dict[int, int] = {}  # RTP time stamp of media second 0, by ssrc
        self.begun = time.monotonic()
        self.beeps = Beeps()
        if speaks:
            self.peer.addTransceiver(self.beeps, direction="sendrecv")
        elif hears:
            self.peer.addTransceiver("audio", direction="recvonly")
        self.peer.addTransceiver("video", direction="sendrecv" if sends_video else "recvonly")
        for transceiver in self.peer.getTransceivers():
            _name_only(transceiver, codecs or {})
        self._tasks: list[asyncio.Task[None]] = []
        self.peer.on(
            "track", lambda track: self._tasks.append(asyncio.create_task(self._take(track)))
        )

    async def offer(self) -> str:
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return str(self.peer.localDescription.sdp)

    async def take_answer(self, sdp: str) -> None:
        await self.peer.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        for receiver in self.peer.getReceivers():
            self._listen_to_reports(receiver)
            self._listen_to_packets(receiver)

    def vanish(self) -> None:
        """Cut the network off, so that nothing, no farewell either, gets out."""

        async def lose(_: bytes) -> None:
            """Nothing leaves."""

        for sender in self.peer.getSenders():
            vars(sender.transport.transport)["_send"] = lose

    async def close(self) -> None:
        await self.peer.close()
        for task in self._tasks:
            task.cancel()

    def _listen_to_reports(self, receiver: object) -> None:
        handle = receiver._handle_rtcp_packet  # type: ignore[attr-defined]

        async def note(packet: object) -> None:
            if isinstance(packet, RtcpSrPacket):
                info = packet.sender_info
                self.reports.append((packet.ssrc, info.ntp_timestamp, info.rtp_timestamp))
            await handle(packet)

        receiver._handle_rtcp_packet = note  # type: ignore[attr-defined]

    def _listen_to_packets(self, receiver: object) -> None:
        handle = receiver._handle_rtp_packet  # type: ignore[attr-defined]

        async def note(packet: RtpPacket, arrival_time_ms: int) -> None:
            self.origins.setdefault(packet.ssrc, packet.timestamp)
            await handle(packet, arrival_time_ms)

        receiver._handle_rtp_packet = note  # type: ignore[attr-defined]

    async def _take(self, track: MediaStreamTrack) -> None:
        notes = self.voice if track.kind == "audio" else self.face
        try:
            while True:
                frame = await track.recv()
                data = frame.to_ndarray()
                if track.kind == "video":
                    self.picture = data
                level = float(np.abs(data.astype(np.float32)).mean())
                notes.append((time.monotonic(), float(frame.pts * frame.time_base), level))
        except MediaStreamError:
            return


def _name_only(transceiver: RTCRtpTransceiver, codecs: dict[str, str]) -> None:
    wanted = codecs.get(transceiver.kind)
    if wanted:
        known = RTCRtpReceiver.getCapabilities(transceiver.kind).codecs
        transceiver.setCodecPreferences([c for c in known if c.mimeType == wanted])
