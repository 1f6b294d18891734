"""VP8 as a rendered face wants it: every picture coded at once, at a constant rate.

A rendered picture carries no camera noise, so nothing is spent on removing any: the denoiser that
calls between cameras use would only smooth the skin (measured: 1.8 dB less at 1.5 Mbit/s).
"""

from av import CodecContext
from av.video.codeccontext import VideoCodecContext

LEAST_BITRATE, START_BITRATE, MOST_BITRATE = 400_000, 1_500_000, 2_500_000  # for 512x512 at 25 fps
KEY_FRAME_INTERVAL = 3000  # frames; a viewer who needs one sooner asks for it
COARSEST, FINEST = 56, 2  # quantisers
SPEED = -12  # -16 (fast) to -1; -6 takes half as long again for 0.2 dB
STILL = 1  # squared error of 16 x 16 pixels below which they stay: more wears the watermark off


def new_codec(width: int, height: int, bitrate: int) -> VideoCodecContext:
    """An encoder of I420 pictures, one thread; `bitrate` in bits a second."""
    codec: VideoCodecContext = CodecContext.create("libvpx", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.bit_rate = bitrate
    codec.gop_size = KEY_FRAME_INTERVAL
    codec.qmin, codec.qmax = FINEST, COARSEST
    codec.thread_count = 1
    codec.options = {
        "deadline": "realtime",
        "cpu-used": str(SPEED),
        "lag-in-frames": "0",
        "minrate": str(bitrate),  # with maxrate the same: a constant rate
        "maxrate": str(bitrate),
        "bufsize": str(bitrate),  # one second
        "undershoot-pct": "100",
        "overshoot-pct": "15",
        "noise-sensitivity": "0",
        "static-thresh": str(STILL),
    }
    return codec
