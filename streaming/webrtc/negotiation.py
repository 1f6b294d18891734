"""What a peer connection is told of the other side, whose words aiortc may choke on."""

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

from avatar.errors import AvatarError
from streaming.security.rtp_guard import guard


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


def bytes_received(peer: RTCPeerConnection) -> int:
    """By all of its transports so far."""
    transports = {sender.transport for sender in peer.getSenders()}
    return sum(
        report.bytesReceived
        for transport in transports
        for report in transport._get_stats().values()
    )
