"""Which codecs a call uses: the first of each kind that the offer names and that can be served."""

from dataclasses import dataclass

from aiortc import RTCRtpCodecCapability, RTCRtpSender
from aiortc.codecs import CODECS, is_rtx
from aiortc.rtcpeerconnection import find_common_codecs
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.sdp import MediaDescription, SessionDescription

from avatar.errors import AvatarError

SERVED = {"video": ("video/vp8", "video/h264"), "audio": ("audio/opus", "audio/pcmu", "audio/pcma")}
WORDS = {
    "video": "VP8, or H.264 with packetization-mode=1",
    "audio": "Opus, PCMU or PCMA",
}


@dataclass(frozen=True)
class CodecChoice:
    """What is sent; sound comes in by the same codec as it goes out."""

    video: RTCRtpCodecParameters
    audio: RTCRtpCodecParameters | None
    "None: the offer has no audio section."


def choose_codecs(offer: SessionDescription) -> CodecChoice:
    """The first usable codec of each section; sound prefers Opus, which carries 48 kHz.

    Raises AvatarError that says which codecs are missing.
    """
    sections = {section.kind: section for section in offer.media}
    audio = sections.get("audio")
    return CodecChoice(_choose(sections["video"]), _choose(audio) if audio else None)


def preferences(kind: str, chosen: RTCRtpCodecParameters) -> list[RTCRtpCodecCapability]:
    """What a transceiver is to be told, so that it uses `chosen`; pictures are sent again (RTX)."""
    wanted = RTCRtpCodecCapability(
        chosen.mimeType, chosen.clockRate, chosen.channels, chosen.parameters
    )
    again = [c for c in RTCRtpSender.getCapabilities(kind).codecs if is_rtx(c)]
    return [wanted, *again]


def _choose(section: MediaDescription) -> RTCRtpCodecParameters:
    common = find_common_codecs(CODECS[section.kind], section.rtp.codecs)
    usable = [c for c in common if c.mimeType.lower() in SERVED[section.kind]]
    if not usable:
        offered = ", ".join(dict.fromkeys(c.name for c in section.rtp.codecs if not is_rtx(c)))
        raise AvatarError(
            f"the offer has no {section.kind} codec that this server has: it needs "
            f"{WORDS[section.kind]}, and offers {offered or 'none'}"
        )
    return next((c for c in usable if c.mimeType.lower() == "audio/opus"), usable[0])
