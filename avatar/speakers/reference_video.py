"""reference.mp4: the silent video that a speaker loops over."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from avatar.audio import FPS
from avatar.errors import AvatarError
from avatar.i420 import I420
from avatar.media.open_media import read_media, write_media

CRF = "14"  # close to lossless: the lips are pasted into these very pixels


def read_reference(path: Path, size: tuple[int, int], frames: int) -> Iterator[I420]:
    """Exactly `frames` pictures of `size` = (width, height), or AvatarError."""
    count = 0
    try:
        with read_media(path) as container:
            if not container.streams.video:
                raise AvatarError(f"{path}: has no video in it; fetch the bundle anew")
            container.streams.video[0].thread_type = "AUTO"
            for frame in container.decode(video=0):
                if (frame.width, frame.height) != size or frame.format.name != "yuv420p":
                    raise AvatarError(f"{path}: its pictures are not {size} yuv420p")
                count += 1
                if count <= frames:
                    yield frame.to_ndarray().astype(np.uint8, copy=False)
    except FFmpegError as error:
        raise AvatarError(f"{path}: is damaged ({error.strerror}); fetch it anew") from error
    if count != frames:
        raise AvatarError(f"{path}: has {count} frames instead of {frames}; fetch it anew")


def write_reference(path: Path, pictures: Iterator[I420]) -> int:
    """Write I420 pictures as a silent H.264 video at 25 fps; returns how many there were."""
    count = 0
    with write_media(path) as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": CRF, "preset": "slow"})
        stream.pix_fmt = "yuv420p"
        for count, picture in enumerate(pictures, start=1):
            if count == 1:
                stream.width, stream.height = picture.shape[1], picture.shape[0] * 2 // 3
            container.mux(stream.encode(video_frame(picture, count - 1)))
        container.mux(stream.encode())
    return count


def video_frame(picture: I420, index: int) -> av.VideoFrame:
    """An I420 picture as frame `index` of a video at 25 fps, marked as BT.601 limited range."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="yuv420p")
    frame.colorspace, frame.color_range = 5, 1  # AVCOL_SPC_BT470BG, AVCOL_RANGE_MPEG
    frame.pts, frame.time_base = index, Fraction(1, FPS)
    return frame


def jpeg(path: Path, rgb: NDArray[np.uint8]) -> None:
    """Write a picture (H, W, 3) RGB as JPEG."""
    import cv2

    if not cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)):
        raise AvatarError(f"{path}: could not be written; is there room on the disk?")
