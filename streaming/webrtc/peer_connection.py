"""aiortc's peer connection as a call and a viewer use it: what it sends, what it is told."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aiortc import RTCPeerConnection, RTCRtpTransceiver, RTCSessionDescription
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.sdp import MediaDescription, SessionDescription, candidate_from_sdp
from aiortc.stats import RTCTransportStats

from avatar.errors import AvatarError
from streaming.media.clock import SessionClock
from streaming.webrtc.aiortc_patches.guarded_transport import guard
from streaming.webrtc.aiortc_patches.ice_restart import IceRestart
from streaming.webrtc.aiortc_patches.packet_sender import PacketSender
from streaming.webrtc.aiortc_patches.playout_delay import PlayoutDelay
from streaming.webrtc.aiortc_patches.prompt_voice import code_at_once, decode_at_once
from streaming.webrtc.aiortc_patches.sender_reports import MediaTimeReports
from streaming.webrtc.codec_choice import CodecChoice, choose_codecs, preferences
from streaming.webrtc.peer_sink import PeerSink
from streaming.webrtc.tracks import PacedTrack

ENDED = "a=end-of-candidates"
CANDIDATE = "a=candidate:"


@dataclass(frozen=True)
class OutgoingTracks:
    """What is added to aiortc's two senders, and asked later."""

    voice: MediaTimeReports | None
    "None: the caller only looks."
    face: MediaTimeReports
    hold: PlayoutDelay


def add_tracks(
    peer: RTCPeerConnection,
    sink: PeerSink,
    clock: SessionClock,
    codecs: CodecChoice,
    voice_direction: str,
) -> OutgoingTracks:
    """Have `peer` send what comes to `sink`; `voice_direction`: sendrecv if it speaks as well."""
    voice = None
    if codecs.audio:
        both_ways = _add(peer, sink.voice, voice_direction, codecs.audio)
        code_at_once(both_ways.sender)
        decode_at_once(both_ways.receiver)
        voice = MediaTimeReports(both_ways.sender, sink.voice, codecs.audio.clockRate, clock)
        PacketSender(both_ways.sender)
    face = _add(peer, sink.face, "sendonly", codecs.video).sender
    reports = MediaTimeReports(face, sink.face, codecs.video.clockRate, clock)
    hold = PlayoutDelay(face)
    PacketSender(face)
    return OutgoingTracks(voice, reports, hold)


def _add(
    peer: RTCPeerConnection, track: PacedTrack, direction: str, codec: RTCRtpCodecParameters
) -> RTCRtpTransceiver:
    transceiver = peer.addTransceiver(track, direction=direction)
    transceiver.setCodecPreferences(preferences(track.kind, codec))
    return transceiver


async def take_offer(
    peer: RTCPeerConnection, offer: str, add_tracks: Callable[[CodecChoice], None]
) -> str:
    """Take an offer (SDP), return the answer. Raises AvatarError if the offer is no good.

    `add_tracks` gives `peer` what it is to send, now that the codecs are known. That candidates
    have ended is kept from aioice: it gives up as soon as those it knows lead nowhere, and a caller
    who names none that can be used but reaches this end by its own checks would come too late.
    """
    offer = _without(offer, ENDED)
    with _in_words():
        add_tracks(choose_codecs(SessionDescription.parse(offer)))
        await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
    guard(peer)
    return peer.localDescription.sdp


async def take_restart(peer: RTCPeerConnection, restart: IceRestart, offer: str) -> str:
    """Take an offer that restarts ICE within a call, return the answer.

    Raises AvatarError if it is none, or asks for anything else; the call goes on as before then.
    """
    with _in_words():
        parsed = SessionDescription.parse(offer)
        now = SessionDescription.parse(peer.remoteDescription.sdp)
        if list(map(_identity, parsed.media)) != list(map(_identity, now.media)):
            raise AvatarError("an offer within a call must come from the connection that made it")
        restart.check(parsed)
        bare = _without(offer, ENDED, CANDIDATE)  # aiortc would check them as part of the old path
        await peer.setRemoteDescription(RTCSessionDescription(bare, "offer"))
        await restart.renew(parsed)
        await peer.setLocalDescription(await peer.createAnswer())
        await restart.connect(parsed)
    return peer.localDescription.sdp


def _without(offer: str, *beginnings: str) -> str:
    kept = (line for line in offer.splitlines() if not line.startswith(beginnings))
    return "\r\n".join(kept) + "\r\n"


def _identity(section: MediaDescription) -> tuple[object, ...]:
    prints = section.dtls.fingerprints if section.dtls else []
    return section.kind, section.rtp.muxId, [(one.algorithm, one.value) for one in prints]


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except AvatarError:
        raise
    except Exception as error:  # aiortc's parser fails in many ways; all of them mean this
        raise AvatarError(f"the offer cannot be used: {error}") from error


async def take_candidate(
    peer: RTCPeerConnection, candidate: str, mid: str | None, line: int | None
) -> None:
    """A trickled ICE candidate; an empty one ends them. Raises AvatarError if it is no good."""
    if not candidate:
        return  # see take_offer
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
