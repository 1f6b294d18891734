"""Voice is coded and decoded where it is: in one channel, at once, and on time."""

from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCRtpCodecParameters
from aiortc.codecs import get_encoder
from aiortc.codecs.opus import OpusDecoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpparameters import RTCRtpReceiveParameters
from aiortc.rtcrtpreceiver import RemoteStreamTrack
from prometheus_client import REGISTRY

from avatar.media.samples import Samples
from streaming.webrtc.aiortc_patches.prompt_voice import (
    VoiceDecoder,
    VoiceOpusEncoder,
    decode_at_once,
)

RATE, PIECE = 48_000, 960
OPUS = RTCRtpCodecParameters("audio/opus", RATE, 2, payloadType=96)
PCMU = RTCRtpCodecParameters("audio/PCMU", 8000, 1, payloadType=0)


def pieces(sound: Samples, layout: str = "mono") -> list[av.AudioFrame]:
    """(n,) or, interleaved, (2 n,) -> frames of 20 ms from time stamp 96,000 on."""
    step = PIECE * (1 if layout == "mono" else 2)
    frames = []
    for number in range(len(sound) // step):
        pcm = (sound[step * number : step * (number + 1)] * 32_767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[np.newaxis], format="s16", layout=layout)
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = 96_000 + PIECE * number
        frames.append(frame)
    return frames


def stereo_packets(sound: Samples) -> list[bytes]:
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "stereo", "s16"
    return [bytes(p) for frame in pieces(sound, "stereo") for p in encoder.encode(frame)]


def chirp() -> Samples:
    """A second that resembles itself at no other moment."""
    place = np.arange(RATE) / RATE
    rising: Samples = (0.5 * np.sin(2 * np.pi * (200 + 900 * place) * place)).astype(np.float32)
    return rising


def test_a_coded_voice_is_heard_as_it_was_within_three_milliseconds() -> None:
    encoder, decoder = get_encoder(OPUS), OpusDecoder()
    assert isinstance(encoder, VoiceOpusEncoder)
    sound, heard = chirp(), []
    for number, frame in enumerate(pieces(sound)):
        (payload,), stamp = encoder.encode(frame)
        assert stamp == number * PIECE
        (decoded,) = decoder.decode(JitterFrame(data=payload, timestamp=stamp))
        left, right = decoded.to_ndarray().reshape(-1, 2).T  # type: ignore[union-attr]
        np.testing.assert_array_equal(left, right)
        heard.append(left / 32_767)
    back = np.concatenate(heard)
    lags = [float(back[lag : lag + RATE // 2] @ sound[: RATE // 2]) for lag in range(480)]
    assert np.argmax(lags) <= 144
    lag = int(np.argmax(lags))
    error = back[lag:] - sound[: RATE - lag]
    assert np.square(error).mean() < np.square(sound).mean() / 100


def test_one_channel_is_decoded_until_somebody_sends_two() -> None:
    decoder, encoder = VoiceDecoder(), VoiceOpusEncoder()
    mono = [encoder.encode(frame)[0][0] for frame in pieces(chirp()[: 3 * PIECE])]
    opposite = np.column_stack([chirp(), -chirp()]).reshape(-1)[: 6 * PIECE]
    packets = [*mono, *stereo_packets(opposite), *mono]
    channels = []
    for number, packet in enumerate(packets):
        (frame,) = decoder.decode(OPUS, JitterFrame(data=packet, timestamp=number * PIECE))
        assert isinstance(frame, av.AudioFrame)
        channels.append(len(frame.layout.channels))
    assert channels == [1, 1, 1, 2, 2, 2, 2, 2, 2]


def dropped() -> float:
    found = REGISTRY.get_sample_value("avatar_dropped_packets_total", {"what": "malformed"})
    return found or 0.0


async def test_what_arrives_is_with_the_track_at_once_and_nonsense_is_counted() -> None:
    receiver: Any = RTCPeerConnection().addTransceiver("audio").receiver
    receiver._track = track = RemoteStreamTrack(kind="audio")
    decode_at_once(receiver)
    await receiver.receive(RTCRtpReceiveParameters(codecs=[OPUS, PCMU]))
    queue = receiver._RTCRtpReceiver__decoder_queue
    for number in range(3):
        queue.put((PCMU, JitterFrame(data=b"\xff" * 160, timestamp=number * 160)))
    frames = [track._queue.get_nowait() for _ in range(3)]
    assert [frame.pts for frame in frames] == [0, 160, 320]
    before = dropped()
    queue.put((OPUS, JitterFrame(data=b"", timestamp=0)))
    assert dropped() == before + 1
    await receiver.stop()
    with pytest.raises(MediaStreamError):
        await track.recv()
