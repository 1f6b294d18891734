"""The brightness of a video's pictures, a few a second, in constant memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import av
import cv2
import numpy as np
from av.error import ArgumentError, FFmpegError
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from avatar.errors import AvatarError
from avatar.media.open_media import receive_media

# Everything that holds pictures itself. Playlists are not among them: they name other addresses.
CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,asf,ogg,gif,ivf,h264,hevc,"
    "mxf,nut,yuv4mpegpipe,rm,dv,wtv,gxf,obu,m4v,apng"
)
PROTOCOLS = "file,http,https,tcp,tls,rtmp,rtmps,udp,srt"
OPEN_TIMEOUT_S = 15.0  # that an address has to answer
LARGEST = (
    1600  # pixels a side; larger pictures are halved, so that 1080 rows take a quarter of the time
)
MOST_PIXELS = 8192 * 8192
PLANAR = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray")

Luma = NDArray[np.uint8]  # (H, W)


Source = Path | str | IO[bytes]  # a file, an address, or an open file


def lumas(source: Source, rate: float) -> Iterator[tuple[float, Luma]]:
    """(seconds since the first picture, brightness) of about `rate` pictures a second.

    Raises AvatarError if it is no video, or is damaged before its first picture; what can be read
    of a damaged one is read.
    """
    name = source if isinstance(source, Path | str) else "the file"
    seen, due, first = 0, 0.0, 0.0
    try:
        with open_video(source) as container:
            if not container.streams.video:
                raise AvatarError(f"{name}: holds no video")
            stream = container.streams.video[0]
            stream.thread_count = 1
            for frame in container.decode(stream):
                if frame.width * frame.height > MOST_PIXELS:
                    raise AvatarError(
                        f"{name}: pictures of {frame.width}x{frame.height} are too large"
                    )
                time = frame.time if frame.time is not None else seen / 25
                first = time if seen == 0 else first
                seen += 1
                if time - first >= due:
                    due = time - first + 1 / rate - 1e-3
                    yield time - first, _luma(frame)
    except FFmpegError as error:
        if not seen:
            refused = isinstance(error, ArgumentError)  # how FFmpeg puts it
            why = "it is none, or of a rare kind" if refused else error.strerror
            raise AvatarError(f"{name}: cannot be read as video ({why})") from error
    if not seen:
        raise AvatarError(f"{name}: holds no picture")


@contextmanager
def open_video(source: Source) -> Iterator[av.container.InputContainer]:
    """What anybody may have sent: it leads to no other file or address. Raises FFmpegError."""
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": PROTOCOLS}
    with receive_media(source, options=options, timeout=OPEN_TIMEOUT_S) as container:
        yield container


def _luma(frame: VideoFrame) -> Luma:
    planar = frame if frame.format.name in PLANAR else frame.reformat(format="yuv420p")
    plane = planar.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    luma: Luma = np.rot90(rows[:, : plane.width], frame.rotation // 90)
    while max(luma.shape) > LARGEST:
        half = luma.shape[1] // 2, luma.shape[0] // 2
        luma = np.asarray(cv2.resize(luma, half, interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(luma)
