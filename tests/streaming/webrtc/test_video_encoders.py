"""Faces are coded so that browsers and phones decode them, key frames and new rates included."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from aiortc import RTCRtpCodecParameters
from aiortc.codecs import get_decoder, get_encoder, h264_depayload
from aiortc.codecs.vpx import vp8_depayload
from aiortc.jitterbuffer import JitterFrame

from streaming.render.vp8 import LEAST_BITRATE, START_BITRATE
from streaming.webrtc.aiortc_patches.h264_encoder import FaceH264Encoder
from streaming.webrtc.aiortc_patches.vp8_encoder import FaceVp8Encoder

SIZE = 128
PARAMETER_SET, KEY_PICTURE = 7, 5  # types of H.264's NAL units


def begins_with_vp8_key(data: bytes) -> bool:
    return not data[0] & 1


def begins_with_h264_key(data: bytes) -> bool:
    units = data.split(b"\0\0\0\1")[1:]
    return {PARAMETER_SET, KEY_PICTURE} <= {unit[0] & 31 for unit in units}


@dataclass(frozen=True)
class Codec:
    parameters: RTCRtpCodecParameters
    encoder: type[Any]
    depayload: Callable[[bytes], bytes]
    begins_with_key: Callable[[bytes], bool]
    psnr: float
    "Least quality of a picture that moves a little, in dB."

    def data(self, payloads: list[bytes]) -> bytes:
        return b"".join(map(self.depayload, payloads))

    def is_key(self, payloads: list[bytes]) -> bool:
        return self.begins_with_key(self.data(payloads))


def parameters(kind: str) -> RTCRtpCodecParameters:
    return RTCRtpCodecParameters(f"video/{kind}", clockRate=90000, payloadType=96)


VP8 = Codec(parameters("VP8"), FaceVp8Encoder, vp8_depayload, begins_with_vp8_key, 35)
H264 = Codec(parameters("H264"), FaceH264Encoder, h264_depayload, begins_with_h264_key, 30)


@pytest.fixture(params=[VP8, H264], ids=["VP8", "H264"])
def codec(request: pytest.FixtureRequest) -> Codec:
    found: Codec = request.param
    return found


@pytest.fixture
def encoder(codec: Codec) -> Any:
    found = get_encoder(codec.parameters)
    assert isinstance(found, codec.encoder)
    return found


def picture(number: int, size: int = SIZE) -> av.VideoFrame:
    """A slope that moves a little with every frame."""
    rows = np.add.outer(np.arange(size * 3 // 2), np.arange(size) + 2 * number) % 200
    frame = av.VideoFrame.from_ndarray(rows.astype(np.uint8), format="yuv420p")
    frame.pts, frame.time_base = number * 3600, Fraction(1, 90000)
    return frame


def test_every_picture_comes_back_at_once(codec: Codec, encoder: Any) -> None:
    decoder = get_decoder(codec.parameters)
    for number in range(5):
        payloads, stamp = encoder.encode(picture(number))
        assert stamp == number * 3600
        assert codec.is_key(payloads) == (number == 0)
        (decoded,) = decoder.decode(JitterFrame(data=codec.data(payloads), timestamp=stamp))
        luma = decoded.to_ndarray()[:SIZE].astype(float)  # type: ignore[union-attr]
        error = np.square(luma - picture(number).to_ndarray()[:SIZE]).mean()
        assert 10 * np.log10(255**2 / error) > codec.psnr


def test_a_key_frame_on_request(codec: Codec, encoder: Any) -> None:
    encoder.encode(picture(0))
    assert not codec.is_key(encoder.encode(picture(1))[0])
    assert codec.is_key(encoder.encode(picture(2), force_keyframe=True)[0])


def test_another_size_or_rate_begins_anew(codec: Codec, encoder: Any) -> None:
    assert encoder.target_bitrate == START_BITRATE
    encoder.encode(picture(0))
    assert codec.is_key(encoder.encode(picture(1, 2 * SIZE))[0])
    encoder.target_bitrate = round(0.95 * START_BITRATE)
    assert not codec.is_key(encoder.encode(picture(2, 2 * SIZE))[0])
    encoder.target_bitrate = 0
    assert encoder.target_bitrate == LEAST_BITRATE
    assert codec.is_key(encoder.encode(picture(3, 2 * SIZE))[0])
