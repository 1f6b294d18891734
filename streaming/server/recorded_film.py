"""A recording as browsers make them, WebM or MP4, becomes an MP4, which can be signed."""

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.container import OutputContainer
from av.error import FFmpegError
from av.video.frame import PictureType

from avatar.errors import AvatarError
from avatar.media.open_media import write_media
from streaming.marks.video_frames import open_video

COPIED = ("h264", "hevc", "vp9", "av1", "opus", "aac")  # what MP4 has a place for
OPTIONS = {"crf": "18", "preset": "veryfast"}  # for the others, such as Firefox's VP8
TIME_BASE = Fraction(1, 90_000)

Way = Callable[[Any], list[Any]]  # a packet, or None at the end -> packets of the film


def write_mp4(recording: Path, film: Path) -> None:
    """Copy pictures and sound; pictures that MP4 has no place for are coded anew.

    Raises AvatarError if the recording holds no pictures or is damaged.
    """
    options = {"movflags": "faststart"}
    try:
        with open_video(recording) as source, write_media(film, options=options) as target:
            streams = [*source.streams.video[:1], *source.streams.audio[:1]]
            if not source.streams.video:
                raise AvatarError("the recording holds no pictures")
            ways = {stream.index: _way(target, stream) for stream in streams}
            for packet in source.demux(streams):
                if packet.dts is not None:
                    target.mux(ways[packet.stream.index](packet))
            for way in ways.values():
                target.mux(way(None))
    except (FFmpegError, OSError, ValueError) as error:
        raise AvatarError(f"the recording cannot be read ({error})") from error


def _way(target: OutputContainer, stream: Any) -> Way:
    """What becomes of the packets of `stream`; None ends them."""
    name = stream.codec_context.codec.canonical_name
    if name in COPIED:
        return _copied(target, stream)
    if stream.type == "video":
        return _coded(target, stream)
    raise AvatarError(f"the recording's sound is of a kind that is not taken ({name})")


def _copied(target: OutputContainer, stream: Any) -> Way:
    copy = target.add_stream_from_template(stream)
    due = -math.inf

    def way(packet: Any) -> list[Any]:
        nonlocal due
        if packet is None:
            return []
        packet.dts = int(max(packet.dts, due))  # busy browsers give two pictures one time
        packet.pts = packet.dts if packet.pts is None else max(packet.dts, packet.pts)
        due = packet.dts + 1
        packet.stream = copy
        return [packet]

    return way


def _coded(target: OutputContainer, stream: Any) -> Way:
    coded: Any = target.add_stream("libx264", options=dict(OPTIONS))
    coded.width, coded.height, coded.pix_fmt = stream.width, stream.height, "yuv420p"
    coded.codec_context.time_base = TIME_BASE
    coded.thread_count = stream.thread_count = 1
    due = -math.inf

    def way(packet: Any) -> list[Any]:
        nonlocal due
        packets = []
        for frame in stream.decode(packet):
            picture = frame.reformat(coded.width, coded.height, "yuv420p")
            picture.pict_type = PictureType.NONE
            picture.pts = int(max(round((frame.time or 0) / TIME_BASE), due))
            picture.time_base, due = TIME_BASE, picture.pts + 1
            packets += coded.encode(picture)
        if packet is None:
            packets += coded.encode(None)
        return packets

    return way
