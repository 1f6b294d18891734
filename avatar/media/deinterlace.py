"""Interlaced pictures (1080i, 576i of cameras and broadcasters) -> whole ones, as many as before.

A picture that its stream calls interlaced holds two moments, one in every other line, and a moving
mouth has a comb at its edges. FFmpeg's bwdif makes the lines between those of the first moment.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import av
from av.filter import Graph

FILTER = "mode=send_frame:deint=interlaced"  # one picture a frame; whole ones pass as they are


def deinterlaced(frames: Iterable[Any]) -> Iterator[Any]:
    """The same pictures (`av.VideoFrame`) at the same times, none with a comb."""
    graph: Graph | None = None
    form: tuple[int, int, str] | None = None
    for frame in frames:
        if graph and _form(frame) != form:
            yield from _rest(graph)
            graph = None
        if graph is None and frame.interlaced_frame:
            graph, form = _graph(frame), _form(frame)
        if graph is None:
            yield frame
        else:
            graph.vpush(frame)
            yield from _pulled(graph)
    if graph:
        yield from _rest(graph)


def _form(frame: av.VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name


def _graph(frame: av.VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=frame.time_base,
    )
    graph.link_nodes(source, graph.add("bwdif", FILTER), graph.add("buffersink")).configure()
    return graph


def _rest(graph: Graph) -> Iterator[av.VideoFrame]:
    graph.vpush(None)
    yield from _pulled(graph)


def _pulled(graph: Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            yield graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return
