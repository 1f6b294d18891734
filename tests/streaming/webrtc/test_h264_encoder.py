"""H.264 as phones want it: decodable, with key frames on request and at another size or rate."""

import numpy as np
import pytest
from aiortc import RTCRtpCodecParameters
from aiortc.codecs import get_decoder, get_encoder, h264_depayload
from aiortc.jitterbuffer import JitterFrame

from streaming.render.vp8 import LEAST_BITRATE, START_BITRATE
from streaming.webrtc.aiortc_patches import h264_encoder
from streaming.webrtc.aiortc_patches.h264_encoder import FaceH264Encoder
from tests.streaming.webrtc.test_vp8_encoder import SIZE, picture

H264 = RTCRtpCodecParameters(mimeType="video/H264", clockRate=90000, payloadType=99)
PARAMETER_SET, KEY_PICTURE = 7, 5  # types of NAL units


@pytest.fixture
def encoder() -> FaceH264Encoder:
    h264_encoder.install()
    found = get_encoder(H264)
    assert isinstance(found, FaceH264Encoder)
    return found


def is_key(payloads: list[bytes]) -> bool:
    units = b"".join(map(h264_depayload, payloads)).split(b"\0\0\0\1")[1:]
    return {PARAMETER_SET, KEY_PICTURE} <= {unit[0] & 31 for unit in units}


def test_every_picture_comes_back_at_once(encoder: FaceH264Encoder) -> None:
    decoder = get_decoder(H264)
    for number in range(5):
        payloads, stamp = encoder.encode(picture(number))
        assert stamp == number * 3600
        assert is_key(payloads) == (number == 0)
        data = b"".join(map(h264_depayload, payloads))
        (decoded,) = decoder.decode(JitterFrame(data=data, timestamp=stamp))
        luma = decoded.to_ndarray()[:SIZE].astype(float)  # type: ignore[union-attr]
        error = np.square(luma - picture(number).to_ndarray()[:SIZE]).mean()
        assert 10 * np.log10(255**2 / error) > 30


def test_a_key_frame_on_request(encoder: FaceH264Encoder) -> None:
    encoder.encode(picture(0))
    assert not is_key(encoder.encode(picture(1))[0])
    assert is_key(encoder.encode(picture(2), force_keyframe=True)[0])


def test_another_size_or_rate_begins_anew(encoder: FaceH264Encoder) -> None:
    assert encoder.target_bitrate == START_BITRATE
    encoder.encode(picture(0))
    assert is_key(encoder.encode(picture(1, 2 * SIZE))[0])
    encoder.target_bitrate = round(0.95 * START_BITRATE)
    assert not is_key(encoder.encode(picture(2, 2 * SIZE))[0])
    encoder.target_bitrate = 0
    assert encoder.target_bitrate == LEAST_BITRATE
    assert is_key(encoder.encode(picture(3, 2 * SIZE))[0])
