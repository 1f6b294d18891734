"""Packets that are sent at one go are those that aiortc would have sent one by one."""

import asyncio
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from aiortc import RTCPeerConnection
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtcrtpparameters import (
    RTCRtpCodecParameters,
    RTCRtpHeaderExtensionParameters,
    RTCRtpParameters,
)
from aiortc.rtp import HeaderExtensionsMap, RtpPacket

from streaming.webrtc.aiortc_patches.packet_sender import PacketSender, loudness
from tests.streaming.support.scenery import scenery

VP8 = RTCRtpCodecParameters("video/VP8", 90_000, payloadType=97)
OPUS = RTCRtpCodecParameters("audio/opus", 48_000, 2, payloadType=96)
MID, SENT, LEVEL = (
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
)
EXTENSIONS = RTCRtpParameters(
    headerExtensions=[
        RTCRtpHeaderExtensionParameters(id=number, uri=uri)
        for number, uri in enumerate((MID, SENT, LEVEL), start=1)
    ]
)


class Prepared(MediaStreamTrack):
    """Frames that are there at once."""

    def __init__(self, frames: list[Any]) -> None:
        self.kind = "audio" if isinstance(frames[0], av.AudioFrame) else "video"
        super().__init__()
        self._frames = iter(frames)

    async def recv(self) -> Any:
        try:
            return next(self._frames)
        except StopIteration:
            raise MediaStreamError from None


def pictures() -> list[av.VideoFrame]:
    frames = [av.VideoFrame.from_ndarray(one, format="yuv420p") for one in scenery(4)]
    for number, frame in enumerate(frames):
        frame.pts, frame.time_base = 3600 * number, Fraction(1, 90_000)
    return frames


def voice(level: float) -> av.AudioFrame:
    noise = np.random.default_rng(1).normal(0, level, (1, 960)).clip(-32768, 32767)
    frame = av.AudioFrame.from_ndarray(noise.astype(np.int16), format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
    return frame


async def sent(frames: list[Any], codec: RTCRtpCodecParameters, at_one_go: bool) -> tuple[Any, ...]:
    """The packets, and what the sender's own statistics say."""
    track = Prepared(frames)
    sender: Any = RTCPeerConnection().addTransceiver(track).sender
    sender._RTCRtpSender__mid = "0"
    extensions = HeaderExtensionsMap()
    extensions.configure(EXTENSIONS)
    sender._RTCRtpSender__rtp_header_extensions_map = extensions
    packets: list[RtpPacket] = []

    async def take(data: bytes) -> None:
        packets.append(RtpPacket.parse(data, extensions))

    vars(sender.transport)["_send_rtp"] = take
    if at_one_go:
        PacketSender(sender)
    await sender._run_rtp(codec)
    counted = sender._RTCRtpSender__octet_count, sender._RTCRtpSender__packet_count
    kept = {number: one.payload for number, one in sender._RTCRtpSender__rtp_history.items()}
    assert set(kept.values()) == {one.payload for one in packets}, "what a NACK asks for is there"
    assert sender._RTCRtpSender__rtp_timestamp == packets[-1].timestamp
    return packets, counted


def alike(packets: list[RtpPacket]) -> list[tuple[Any, ...]]:
    """All of them but what is drawn by lot, counted from the first."""
    first = packets[0]
    return [
        (
            one.payload_type,
            one.marker,
            (one.sequence_number - first.sequence_number) % 65536,
            (one.timestamp - first.timestamp) % 2**32,
            one.extensions.mid,
            one.extensions.audio_level,
            one.extensions.abs_send_time is not None,
            len(one.payload),
        )
        for one in packets
    ]


@pytest.mark.parametrize("kind", ["pictures", "voice"])
async def test_packets_are_those_of_aiortc(kind: str) -> None:
    make, codec = (pictures, VP8) if kind == "pictures" else (lambda: [voice(3000)] * 3, OPUS)
    theirs, their_count = await sent(make(), codec, at_one_go=False)
    ours, our_count = await sent(make(), codec, at_one_go=True)
    assert alike(ours) == alike(theirs)
    assert our_count == their_count
    assert len(theirs) > 4 or kind == "voice"
    await asyncio.sleep(0)


@pytest.mark.parametrize("level", [0, 1, 300, 9000, 1e9])
def test_a_voice_is_as_loud_as_aiortc_finds_it(level: float) -> None:
    frame = voice(level)
    energy = np.mean((frame.to_ndarray().astype(float) / 32767) ** 2)
    by_definition = -127 if energy == 0 else round(min(0.0, 10 * np.log10(energy)))
    assert loudness(frame) == by_definition
