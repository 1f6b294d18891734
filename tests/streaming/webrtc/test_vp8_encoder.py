"""Faces are coded so that a browser can decode them, key frames and new rates included."""

from fractions import Fraction

import av
import numpy as np
import pytest
from aiortc import RTCRtpCodecParameters
from aiortc.codecs import get_decoder, get_encoder
from aiortc.codecs.vpx import vp8_depayload
from aiortc.jitterbuffer import JitterFrame

from streaming.render.vp8 import LEAST_BITRATE, START_BITRATE
from streaming.webrtc.aiortc_patches.vp8_encoder import FaceVp8Encoder

SIZE = 128
VP8 = RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90000, payloadType=96)


@pytest.fixture
def encoder() -> FaceVp8Encoder:
    found = get_encoder(VP8)
    assert isinstance(found, FaceVp8Encoder)
    return found


def picture(number: int, size: int = SIZE) -> av.VideoFrame:
    """A slope that moves a little with every frame."""
    rows = np.add.outer(np.arange(size * 3 // 2), np.arange(size) + 2 * number) % 200
    frame = av.VideoFrame.from_ndarray(rows.astype(np.uint8), format="yuv420p")
    frame.pts, frame.time_base = number * 3600, Fraction(1, 90000)
    return frame


def is_key(payloads: list[bytes]) -> bool:
    return not vp8_depayload(payloads[0])[0] & 1


def test_pictures_come_back(encoder: FaceVp8Encoder) -> None:
    decoder = get_decoder(VP8)
    for number in range(5):
        payloads, stamp = encoder.encode(picture(number))
        assert stamp == number * 3600
        assert is_key(payloads) == (number == 0)
        data = b"".join(map(vp8_depayload, payloads))
        (decoded,) = decoder.decode(JitterFrame(data=data, timestamp=stamp))
        luma = decoded.to_ndarray()[:SIZE].astype(float)  # type: ignore[union-attr]
        error = np.square(luma - picture(number).to_ndarray()[:SIZE]).mean()
        assert 10 * np.log10(255**2 / error) > 35


def test_a_key_frame_on_request(encoder: FaceVp8Encoder) -> None:
    encoder.encode(picture(0))
    assert not is_key(encoder.encode(picture(1))[0])
    assert is_key(encoder.encode(picture(2), force_keyframe=True)[0])


def test_another_size_or_rate_begins_anew(encoder: FaceVp8Encoder) -> None:
    assert encoder.target_bitrate == START_BITRATE
    encoder.encode(picture(0))
    assert is_key(encoder.encode(picture(1, 2 * SIZE))[0])
    encoder.target_bitrate = round(0.95 * START_BITRATE)
    assert not is_key(encoder.encode(picture(2, 2 * SIZE))[0])
    encoder.target_bitrate = 0
    assert encoder.target_bitrate == LEAST_BITRATE
    assert is_key(encoder.encode(picture(3, 2 * SIZE))[0])
