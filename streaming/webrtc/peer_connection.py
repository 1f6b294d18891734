"""aiortc's peer connection as a call and a viewer use it: what it sends, what it is told."""

from dataclasses import dataclass

from aiortc import (
    RTCPeerConnection,
    RTCRtpCodecCapability,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.sdp import candidate_from_sdp
from aiortc.stats import RTCTransportStats

from avatar.errors import AvatarError
from streaming.media.clock import VIDEO_RATE, VOICE_RATE, SessionClock
from streaming.webrtc.aiortc_patches.guarded_transport import guard
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


async def take_offer(peer: RTCPeerConnection, offer: str) -> str:
    """Take an offer (SDP), return the answer. Raises AvatarError if the offer is no good."""
    try:
        await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
    except Exception as error:  # aiortc's parser fails in many ways; all of them mean this
        raise AvatarError(f"the offer cannot be used: {error}") from error
    guard(peer)
    return peer.localDescription.sdp


async def take_candidate(
    peer: RTCPeerConnection, candidate: str, mid: str | None, line: int | None
) -> None:
    """A trickled ICE candidate; an empty one ends them. Raises AvatarError if it is no good."""
    if not candidate:
        await peer.addIceCandidate(None)
        return
    try:
        parsed = candidate_from_sdp(candidate.removeprefix("candidate:"))
        parsed.sdpMid, parsed.sdpMLineIndex = mid, line
        await peer.addIceCandidate(parsed)
    except (ValueError, AssertionError, IndexError) as error:
        raise AvatarError(f"the ICE candidate cannot be used: {error}") from error


async def bytes_received(peer: RTCPeerConnection) -> int:
    """By all of its transports so far."""
    stats = await peer.getStats()
    return sum(one.bytesReceived for one in stats.values() if isinstance(one, RTCTransportStats))
