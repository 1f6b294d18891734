"""aiortc's H.264 encoder with the settings of a rendered face, for every profile that is asked for.

aiortc codes at x264's preset medium, five times as long as VP8 takes. `ultrafast` takes half as
long as VP8, at half a decibel less. What is sent is Constrained Baseline, which a decoder of any
profile can show, so callers who name no other than Main or High are served as well.
"""

from fractions import Fraction

import aiortc.codecs
import aiortc.codecs.h264
from aiortc import RTCRtpCodecParameters
from aiortc.codecs import CODECS
from aiortc.codecs.h264 import H264Encoder
from aiortc.mediastreams import VIDEO_TIME_BASE, convert_timebase
from av import CodecContext, VideoFrame
from av.frame import Frame
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from avatar.audio import FPS
from streaming.render.vp8 import KEY_FRAME_INTERVAL, LEAST_BITRATE, MOST_BITRATE, START_BITRATE
from streaming.webrtc.aiortc_patches.vp8_encoder import WORTH_A_RESTART

PRESET = "ultrafast"
OTHER_PROFILES = ("4d001f", "640c1f", "64001f")  # Main, Constrained High, High; level 3.1


class FaceH264Encoder(H264Encoder):
    """Takes frames in I420; begins anew, with a key frame, when size or bit rate change."""

    codec: VideoCodecContext | None

    def encode(self, frame: Frame, force_keyframe: bool = False) -> tuple[list[bytes], int]:
        """One picture -> RTP payloads and their time stamp (90 kHz)."""
        assert isinstance(frame, VideoFrame)
        assert frame.pts is not None
        assert frame.time_base is not None
        if self.codec is None or not self._fits(self.codec, frame):
            self.codec = new_codec(frame.width, frame.height, self.target_bitrate)
        frame.pict_type = PictureType.I if force_keyframe else PictureType.NONE
        data = b"".join(bytes(packet) for packet in self.codec.encode(frame))
        stamp = convert_timebase(frame.pts, frame.time_base, VIDEO_TIME_BASE)
        return self._packetize(self._split_bitstream(data)), stamp

    def _fits(self, codec: VideoCodecContext, frame: VideoFrame) -> bool:
        assert codec.bit_rate
        change = abs(self.target_bitrate / codec.bit_rate - 1)
        same_size = (frame.width, frame.height) == (codec.width, codec.height)
        return same_size and change <= WORTH_A_RESTART


def new_codec(width: int, height: int, bitrate: int) -> VideoCodecContext:
    """An encoder of I420 pictures, one thread; `bitrate` in bits a second."""
    codec: VideoCodecContext = CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.bit_rate = bitrate
    codec.framerate, codec.time_base = Fraction(FPS), VIDEO_TIME_BASE
    codec.gop_size = KEY_FRAME_INTERVAL
    codec.thread_count = 1
    codec.profile = "Baseline"
    codec.options = {
        "preset": PRESET,
        "tune": "zerolatency",
        "maxrate": str(bitrate),
        "bufsize": str(bitrate),  # one second
        "x264-params": "scenecut=0",
    }
    return codec


def install() -> None:
    """Make aiortc code faces so, and take offers of every profile with packetization-mode 1."""
    aiortc.codecs.h264.MIN_BITRATE = LEAST_BITRATE
    aiortc.codecs.h264.DEFAULT_BITRATE = START_BITRATE
    aiortc.codecs.h264.MAX_BITRATE = MOST_BITRATE
    vars(aiortc.codecs)["H264Encoder"] = FaceH264Encoder
    known = {codec.parameters.get("profile-level-id") for codec in CODECS["video"]}
    for profile in OTHER_PROFILES:
        if profile not in known:
            CODECS["video"].append(_sent_only(profile))


def _sent_only(profile: str) -> RTCRtpCodecParameters:
    """Found in other sides' offers, whose payload types count; so that this end needs none."""
    base = next(c for c in CODECS["video"] if c.parameters.get("profile-level-id") == "42e01f")
    parameters = base.parameters | {"profile-level-id": profile}
    return RTCRtpCodecParameters(
        mimeType=base.mimeType,
        clockRate=base.clockRate,
        payloadType=base.payloadType,
        rtcpFeedback=base.rtcpFeedback,
        parameters=parameters,
    )
