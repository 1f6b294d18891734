"""Frames of any video file at exactly 25 a second, chosen by their time stamps."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.audio import FPS
from avatar.errors import AvatarError

Image = NDArray[np.uint8]
TIME_TOLERANCE = 1e-4  # s
SQUARE_TOLERANCE = 0.01  # pixel aspect ratios nearer to 1 than this are left alone


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The container of a readable media file."""
    try:
        container = av.open(str(path), metadata_errors="ignore")
    except (av.FFmpegError, OSError) as error:
        raise AvatarError(
            f"{path} cannot be read as a video ({error}): give a file that ffmpeg plays"
        ) from error
    with container:
        yield container


def video_start(path: Path) -> float:
    """Time stamp of the first picture, in seconds."""
    for time, _ in _stamped_frames(path):
        return time
    raise AvatarError(f"{path} has no pictures: give a video file")


def expected_frames(path: Path) -> int:
    """About how many pictures `read_frames` will give, by what the container says."""
    with opened(path) as container:
        return round((container.duration or 0) / av.time_base * FPS)


def read_frames(path: Path) -> Iterator[Image]:
    """Pictures (H, W, 3) RGB, upright, square pixels; picture n is the nearest to start + n / 25 s.

    Raises AvatarError if the file cannot be read or holds no pictures.
    """
    for frame in _at_constant_rate(path):
        yield _upright(frame)


def _at_constant_rate(path: Path) -> Iterator[Any]:
    shown: tuple[float, Any] | None = None
    start, count, period = 0.0, 0, 1 / FPS
    for time, frame in _stamped_frames(path):
        if shown is None:
            start = time
        else:
            middle = (shown[0] + time) / 2
            while start + count / FPS < middle - TIME_TOLERANCE:
                yield shown[1]
                count += 1
            period = max(time - shown[0], TIME_TOLERANCE)
        shown = time, frame
    if shown is None:
        raise AvatarError(f"{path} has no pictures: give a video file")
    while start + count / FPS < shown[0] + min(period, 1 / FPS) - TIME_TOLERANCE:
        yield shown[1]
        count += 1


def _stamped_frames(path: Path) -> Iterator[tuple[float, Any]]:
    with opened(path) as container:
        if not container.streams.video:
            raise AvatarError(f"{path} has no pictures: give a video file")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        try:
            for frame in container.decode(stream):
                if frame.time is None:
                    raise AvatarError(
                        f"{path} has no time stamps: put it into a container with ffmpeg -i first"
                    )
                yield float(frame.time), frame
        except av.FFmpegError as error:
            raise AvatarError(
                f"{path} is damaged ({error}): repair it with ffmpeg or give another file"
            ) from error


def _upright(frame: Any) -> Image:
    image = frame.to_ndarray(format="rgb24")
    aspect = _pixel_aspect(frame)
    if abs(aspect - 1) > SQUARE_TOLERANCE:
        height, width = image.shape[:2]
        size = (round(width * aspect), height) if aspect < 1 else (width, round(height / aspect))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns))


def _pixel_aspect(frame: Any) -> float:
    ratio = getattr(frame, "sample_aspect_ratio", None)
    return float(ratio) if ratio else 1.0
