"""What the patches use of aiortc beyond its public interface, and whether it is there.

Names that begin with an underscore, and globals that are replaced, may go with any release. What
is set on instances only cannot be looked up on a class, so the code that sets or reads it is asked.
"""

import inspect
import pkgutil
from collections.abc import Iterator
from importlib.metadata import version
from types import CodeType
from typing import Any

from avatar.errors import AvatarError

KNOWN = ">=1.15,<1.17"  # `make test-aiortc` runs the tests against both ends
KNOWN_AIOICE = ">=0.12,<0.14"

TRANSPORT = "aiortc.rtcdtlstransport:RTCDtlsTransport"
RECEIVER = "aiortc.rtcrtpreceiver:RTCRtpReceiver"
SENDER = "aiortc.rtcrtpsender:RTCRtpSender"
ENCODER = "aiortc.codecs.vpx:Vp8Encoder"
H264_ENCODER = "aiortc.codecs.h264:H264Encoder"
ICE = "aioice.ice:Connection"

# What is called or replaced -> its parameters.
CALLABLES = {
    "aiortc.jitterbuffer:JitterBuffer": "capacity prefetch is_video",
    "aiortc.jitterbuffer:JitterBuffer.add": "self packet",
    "aiortc.jitterbuffer:JitterFrame": "data timestamp",
    "aiortc.rtp:HeaderExtensionsMap.configure": "self parameters",
    "aiortc.rtp:HeaderExtensionsMap.set": "self values",
    "aiortc.rtp:pack_header_extensions": "extensions",
    "aiortc.rtp:unpack_header_extensions": "extension_profile extension_value",
    "aiortc.rtp:compute_audio_level_dbov": "frame",
    "aiortc.rtcrtpsender:random_sequence_number": "",
    "aiortc.rtcrtpreceiver:decoder_worker": "loop input_q output_q decode_error",
    "aiortc.codecs:get_decoder": "codec",
    "aiortc.rtcdtlstransport:RtpRouter.route_rtcp": "self packet",
    f"{TRANSPORT}._handle_rtp_data": "self data arrival_time_ms",
    f"{TRANSPORT}._handle_rtcp_data": "self data",
    f"{TRANSPORT}._send_rtp": "self data",
    f"{RECEIVER}._handle_rtcp_packet": "self packet",
    f"{SENDER}._handle_rtcp_packet": "self packet",
    f"{SENDER}._next_encoded_frame": "self codec",
    f"{SENDER}._send_rtcp": "self packets",
    f"{ENCODER}.encode": "self frame force_keyframe",
    f"{ENCODER}._packetize": "buffer picture_id",
    f"{H264_ENCODER}.encode": "self frame force_keyframe",
    f"{H264_ENCODER}._packetize": "packages",
    f"{H264_ENCODER}._split_bitstream": "buf",
    "aiortc.rtcpeerconnection:find_common_codecs": "local_codecs remote_codecs",
    "aioice.utils:random_string": "length",
    f"{ICE}.connect": "self",
    f"{ICE}._check_list_maybe_complete": "self",
}

# Code -> the globals and attributes that it must use.
USES = {
    f"{TRANSPORT}.__init__": "_rtp_router",
    f"{RECEIVER}.__init__": "JitterBuffer",
    f"{RECEIVER}._handle_rtp_packet": "_data _RTCRtpReceiver__decoder_queue",
    f"{RECEIVER}.receive": "_RTCRtpReceiver__decoder_queue _track _queue",
    f"{SENDER}._next_encoded_frame": "compute_audio_level_dbov _RTCRtpSender__loop",
    f"{SENDER}._run_rtp": "_next_encoded_frame _send_rtp _ssrc _RTCRtpSender__mid "
    "_RTCRtpSender__rtp_header_extensions_map _RTCRtpSender__rtp_timestamp "
    "_RTCRtpSender__rtp_history _RTCRtpSender__ntp_timestamp _RTCRtpSender__octet_count "
    "_RTCRtpSender__packet_count",
    f"{SENDER}._run_rtcp": "_send_rtcp _RTCRtpSender__lsr",
    f"{ENCODER}.__init__": "codec picture_id DEFAULT_BITRATE",
    f"{ENCODER}.target_bitrate.fset": "MIN_BITRATE MAX_BITRATE",
    f"{H264_ENCODER}.__init__": "codec DEFAULT_BITRATE",
    f"{H264_ENCODER}.target_bitrate.fset": "MIN_BITRATE MAX_BITRATE",
    "aiortc.codecs:get_encoder": "Vp8Encoder H264Encoder OpusEncoder",
    "aiortc.rtcpeerconnection:RTCPeerConnection.createOffer": "HEADER_EXTENSIONS",
    "aiortc.rtcicetransport:RTCIceTransport.__init__": "_connection",
    f"{ICE}.__init__": "_check_list _check_list_done _check_list_state _early_checks "
    "_early_checks_done _local_password _local_username _nominated _nominating "
    "_query_consent_task _remote_candidates",
    f"{ICE}.check_complete": "_check_list_maybe_complete _nominated",
}


def check() -> None:
    """Raises AvatarError unless everything is there, and as it was when the patches were made."""
    missing = [*_unlike(), *_unused()]
    if missing:
        raise AvatarError(
            f"aiortc {version('aiortc')} with aioice {version('aioice')} is not as this program "
            f"knows it (it lacks {', '.join(missing)}); install one that it knows: "
            f"pip install 'aiortc{KNOWN}' 'aioice{KNOWN_AIOICE}'"
        )


def _unlike() -> Iterator[str]:
    """Callables that are absent or take other parameters."""
    for path, parameters in CALLABLES.items():
        found = _resolve(path)
        if found is None or list(inspect.signature(found).parameters) != parameters.split():
            yield f"{path.replace(':', '.')}({', '.join(parameters.split())})"


def _unused() -> Iterator[str]:
    """Names that their code does not use."""
    for path, names in USES.items():
        found = _resolve(path)
        used = _names(found.__code__) if found else set()
        where = path.replace(":", ".")
        yield from (f"{name} in {where}" for name in names.split() if name not in used)


def _resolve(path: str) -> Any:
    try:
        return pkgutil.resolve_name(path)
    except (ImportError, AttributeError):
        return None


def _names(code: CodeType) -> set[str]:
    """Globals and attributes that code uses, functions within it included."""
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return set(code.co_names).union(*map(_names, inner))
