"""Pictures of any video file at exactly 25 a second, chosen by their time stamps."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from avatar.audio import FPS
from avatar.errors import AvatarError
from avatar.media.colours import to_rgb
from avatar.media.orientation import upright
from avatar.media.recording import Decoded, Recording, decode

Image = NDArray[np.uint8]
Timed = tuple[float, Decoded]  # s from the beginning of the span, and the frame

TIME_TOLERANCE = 1e-4  # s


@dataclass(frozen=True)
class SourceFrame:
    """One of the 25 a second."""

    span: int  # of the recording, on one clock
    seconds: float  # from the span's beginning
    image: Image  # (H, W, 3) RGB, upright, square pixels; H and W may change on the way


@dataclass(frozen=True)
class Clip:
    """Pictures on one clock: the span, when the first of them is shown in it (s), how many."""

    span: int
    start: float
    frames: int


def count_picture(clips: list[Clip], picture: SourceFrame) -> None:
    """Count it to the clip that it goes on, or begin one where the clock was set anew."""
    if clips and clips[-1].span == picture.span:
        clips[-1] = replace(clips[-1], frames=clips[-1].frames + 1)
    else:
        clips.append(Clip(picture.span, picture.seconds, 1))


def expected_pictures(recording: Recording) -> int:
    """About how many there will be, by the time stamps."""
    return math.ceil(sum(span.seconds for span in recording.time.spans) * FPS)


def read_pictures(recording: Recording) -> Iterator[SourceFrame]:
    """Within each span, picture n is the one nearest to the first one's time + n / 25 s.

    Raises AvatarError if the file cannot be read or holds no pictures.
    """
    for seconds, decoded in _at_constant_rate(recording):
        try:
            image = upright(to_rgb(decoded.frame), decoded.frame, decoded.pixel_aspect)
        except AvatarError as error:
            raise AvatarError(f"{recording.path}: {error}") from error
        yield SourceFrame(decoded.span, seconds, image)


def _at_constant_rate(recording: Recording) -> Iterator[Timed]:
    empty = True
    for _, frames in groupby(_in_order(recording), key=lambda timed: timed[1].span):
        empty = False
        yield from _regular(frames)
    if empty:
        raise AvatarError(f"{recording.path} has no pictures: give a video file")


def _regular(frames: Iterator[Timed]) -> Iterator[Timed]:
    """The frames of one span, at 25 moments a second."""
    start, shown = next(frames)
    time, count, period = start, 0, 1 / FPS
    for later, decoded in frames:
        while start + count / FPS < (time + later) / 2 - TIME_TOLERANCE:
            yield start + count / FPS, shown
            count += 1
        period = min(later - time, 1 / FPS)
        time, shown = later, decoded
    while start + count / FPS < time + period - TIME_TOLERANCE:
        yield start + count / FPS, shown
        count += 1


def _in_order(recording: Recording) -> Iterator[Timed]:
    """Frames with rising times; one that comes after its time is left out."""
    if recording.picture is None:
        raise AvatarError(f"{recording.path} has no pictures: give a video file")
    latest = -1, 0.0
    for decoded in decode(recording, recording.picture):
        if decoded.seconds is None:
            raise AvatarError(
                f"{recording.path} has no time stamps: put it into a container with ffmpeg -i first"
            )
        if (decoded.span, decoded.seconds) > latest:
            latest = decoded.span, decoded.seconds
            yield decoded.seconds, decoded
