"""The two outgoing tracks of a peer connection, each with its codec and honest reports."""

from dataclasses import dataclass

from aiortc import RTCPeerConnection, RTCRtpCodecCapability, RTCRtpSender

from streaming.media.clock import VIDEO_RATE, VOICE_RATE, SessionClock
from streaming.webrtc.aiortc_patches.playout_delay import PlayoutDelay
from streaming.webrtc.aiortc_patches.sender_reports import MediaTimeReports
from streaming.webrtc.peer_sink import PeerSink
from streaming.webrtc.tracks import PacedTrack


@dataclass(frozen=True)
class OutgoingTracks:
    """What is added to aiortc's two senders."""

    voice: MediaTimeReports
    face: MediaTimeReports
    hold: PlayoutDelay


def add_tracks(
    peer: RTCPeerConnection, sink: PeerSink, clock: SessionClock, voice_direction: str
) -> OutgoingTracks:
    """Have `peer` send what comes to `sink`; `voice_direction`: sendrecv if it speaks as well."""
    voice = _add(peer, sink.voice, voice_direction, "audio/opus")
    face = _add(peer, sink.face, "sendonly", "video/VP8")
    return OutgoingTracks(
        MediaTimeReports(voice, sink.voice, VOICE_RATE, clock),
        MediaTimeReports(face, sink.face, VIDEO_RATE, clock),
        PlayoutDelay(face),
    )


def _add(peer: RTCPeerConnection, track: PacedTrack, direction: str, codec: str) -> RTCRtpSender:
    transceiver = peer.addTransceiver(track, direction=direction)
    offered: list[RTCRtpCodecCapability] = RTCRtpSender.getCapabilities(track.kind).codecs
    wanted = [c for c in offered if c.mimeType in (codec, "video/rtx")]
    transceiver.setCodecPreferences([c for c in wanted if c.mimeType.startswith(track.kind)])
    return transceiver.sender
