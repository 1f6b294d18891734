"""aiortc's VP8 encoder with the settings of a rendered face."""

import aiortc.codecs
import aiortc.codecs.vpx
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.mediastreams import VIDEO_TIME_BASE, convert_timebase
from av import VideoFrame
from av.frame import Frame
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from streaming.render.vp8 import LEAST_BITRATE, MOST_BITRATE, START_BITRATE, new_codec

WORTH_A_RESTART = 0.1  # relative change of the bit rate: a new rate costs a key frame


class FaceVp8Encoder(Vp8Encoder):
    """Takes frames in I420; begins anew, with a key frame, when size or bit rate change."""

    codec: VideoCodecContext | None

    def __init__(self) -> None:
        super().__init__()
        self._bitrate = 0  # of the codec in use

    def encode(self, frame: Frame, force_keyframe: bool = False) -> tuple[list[bytes], int]:
        """One picture -> RTP payloads and their time stamp (90 kHz)."""
        assert isinstance(frame, VideoFrame)
        assert frame.pts is not None
        assert frame.time_base is not None
        if self.codec is None or not self._fits(self.codec, frame):
            self._bitrate = self.target_bitrate
            self.codec = new_codec(frame.width, frame.height, self._bitrate)
        if force_keyframe:
            frame.pict_type = PictureType.I
        data = b"".join(bytes(packet) for packet in self.codec.encode(frame))
        payloads = self._packetize(data, self.picture_id)
        self.picture_id = (self.picture_id + 1) % (1 << 15)
        return payloads, convert_timebase(frame.pts, frame.time_base, VIDEO_TIME_BASE)

    def _fits(self, codec: VideoCodecContext, frame: VideoFrame) -> bool:
        change = abs(self.target_bitrate / self._bitrate - 1)
        same_size = (frame.width, frame.height) == (codec.width, codec.height)
        return same_size and change <= WORTH_A_RESTART


def install() -> None:
    """Make aiortc code faces so, at rates that leave teeth and hair sharp."""
    aiortc.codecs.vpx.MIN_BITRATE = LEAST_BITRATE
    aiortc.codecs.vpx.DEFAULT_BITRATE = START_BITRATE
    aiortc.codecs.vpx.MAX_BITRATE = MOST_BITRATE
    vars(aiortc.codecs)["Vp8Encoder"] = FaceVp8Encoder
