"""The two outgoing tracks of a peer connection, each with its codec and honest reports."""

from typing import NamedTuple

from aiortc import RTCPeerConnection, RTCRtpCodecCapability, RTCRtpSender

from streaming.clock import VIDEO_RATE, VOICE_RATE, SessionClock
from streaming.sender_reports import HonestReports
from streaming.sinks.peer import PeerSink
from streaming.tracks import PacedTrack


class Reports(NamedTuple):
    """The Sender Reports of both tracks."""

    voice: HonestReports
    face: HonestReports


def add_tracks(
    peer: RTCPeerConnection, sink: PeerSink, clock: SessionClock, voice_direction: str
) -> Reports:
    """Have `peer` send what comes to `sink`; `voice_direction`: sendrecv if it speaks as well."""
    return Reports(
        _add(peer, clock, sink.voice, voice_direction, "audio/opus", VOICE_RATE),
        _add(peer, clock, sink.face, "sendonly", "video/VP8", VIDEO_RATE),
    )


def _add(
    peer: RTCPeerConnection,
    clock: SessionClock,
    track: PacedTrack,
    direction: str,
    codec: str,
    rate: int,
) -> HonestReports:
    transceiver = peer.addTransceiver(track, direction=direction)
    offered: list[RTCRtpCodecCapability] = RTCRtpSender.getCapabilities(track.kind).codecs
    wanted = [c for c in offered if c.mimeType in (codec, "video/rtx")]
    transceiver.setCodecPreferences([c for c in wanted if c.mimeType.startswith(track.kind)])
    return HonestReports(transceiver.sender, track, rate, clock)
