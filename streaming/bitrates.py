"""How many bits a second aiortc's VP8 encoder may use for a face of 512x512 at 25 fps."""

import aiortc.codecs.vpx

LEAST = 400_000
START = 1_500_000
MOST = 2_500_000


def install() -> None:
    """aiortc's own 250 k / 500 k / 1.5 M blur teeth and hair."""
    aiortc.codecs.vpx.MIN_BITRATE = LEAST
    aiortc.codecs.vpx.DEFAULT_BITRATE = START
    aiortc.codecs.vpx.MAX_BITRATE = MOST
