"""What happens to a video on its way through the world, done to pictures by FFmpeg."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.container import OutputContainer
from av.filter import Graph
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from avatar.audio import FPS
from avatar.media.open_media import write_media

I420 = NDArray[np.uint8]  # (H * 3 // 2, W)

X264, VP8 = "libx264", "libvpx"
_OPTIONS = {
    X264: {"preset": "veryfast", "g": "250"},
    VP8: {"deadline": "realtime", "cpu-used": "-12", "lag-in-frames": "0", "g": "3000"},
}


@dataclass(frozen=True)
class Attack:
    """A way to treat a video; what it leaves is coded again."""

    name: str
    filters: str = "null"
    "A chain of FFmpeg's filters."
    codec: str = X264
    bitrate: int = 1_000_000
    "Bits a second, for 512x512 and in proportion."
    fps: int = FPS


ATTACKS = (
    Attack("x264, 1 Mbit/s"),
    Attack("x264, 300 kbit/s", bitrate=300_000),
    Attack("VP8, 1 Mbit/s", codec=VP8),
    Attack("VP8, 300 kbit/s", codec=VP8, bitrate=300_000),
    Attack("0.5 x", "scale=trunc(iw*0.25)*2:trunc(ih*0.25)*2", bitrate=300_000),
    Attack("0.63 x", "scale=trunc(iw*0.315)*2:trunc(ih*0.315)*2", codec=VP8, bitrate=300_000),
    Attack("1.33 x", "scale=trunc(iw*0.665)*2:trunc(ih*0.665)*2", codec=VP8),
    Attack("2 x", "scale=iw*2:ih*2"),
    Attack("cropped to 36%", "crop=trunc(iw*0.3)*2:trunc(ih*0.3)*2:iw*0.22:ih*0.17"),
    Attack("letter-boxed, 720 rows", "scale=-2:720,pad=1280:720:-1:-1", codec=VP8),
    Attack("mirrored", "hflip", codec=VP8),
    Attack("25 -> 30 fps", "fps=30", fps=30),
    Attack("25 -> 30 fps, blended", "framerate=fps=30", fps=30),
    Attack("as a messenger: 480 rows, 30 fps", "scale=-2:480,fps=30", bitrate=500_000, fps=30),
    Attack(
        "window on a screen, 1080 rows",
        "scale=trunc(iw*0.55)*2:trunc(ih*0.55)*2,pad=1920:1080:211:97:gray,fps=30",
        codec=VP8,
        bitrate=2_000_000,
        fps=30,
    ),
    Attack("noise", "noise=alls=12:allf=t"),
    Attack("contrast 1.3", "lutyuv=y=(val-125)*1.3+125"),
    Attack("blurred, 1.5 pixels", "gblur=sigma=1.5"),
    Attack("turned by 2 degrees", "rotate=2*PI/180"),
    Attack("0.35 x", "scale=trunc(iw*0.175)*2:trunc(ih*0.175)*2"),
)


def carry_out(attack: Attack, pictures: Iterable[I420], out: Path) -> None:
    """Write what `attack` makes of `pictures` (all of one size, FPS a second) to `out`."""
    with write_media(out) as film:
        stream = None
        for frame in _filtered(attack.filters, pictures):
            if stream is None:
                stream = _stream(film, attack, frame)
            frame.pict_type = PictureType.NONE
            film.mux(stream.encode(frame))
        if stream:
            film.mux(stream.encode())


def _stream(film: OutputContainer, attack: Attack, frame: VideoFrame) -> VideoStream:
    stream = film.add_stream(attack.codec, rate=attack.fps, options=dict(_OPTIONS[attack.codec]))
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = frame.width, frame.height
    stream.pix_fmt, stream.thread_count = "yuv420p", 1
    stream.bit_rate = attack.bitrate
    return stream


def _filtered(filters: str, pictures: Iterable[I420]) -> Iterator[VideoFrame]:
    graph: Graph | None = None
    for number, picture in enumerate(pictures):
        frame = VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        if graph is None:
            graph = _graph(filters, frame)
        graph.push(frame)
        yield from _pulled(graph)
    if graph:
        graph.push(None)
        yield from _pulled(graph)


def _graph(filters: str, frame: VideoFrame) -> Graph:
    graph = Graph()
    nodes = [
        graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
        )
    ]
    for step in filters.split(","):
        name, _, arguments = step.partition("=")
        nodes.append(graph.add(name, arguments or None))
    nodes += [graph.add("format", "yuv420p"), graph.add("buffersink")]
    graph.link_nodes(*nodes).configure()
    return graph


def _pulled(graph: Graph) -> Iterator[VideoFrame]:
    while True:
        try:
            frame = graph.pull()
        except (BlockingIOError, EOFError):
            return
        assert isinstance(frame, VideoFrame)
        yield frame
