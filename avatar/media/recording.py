"""A file of sound and pictures as it was recorded: which tracks, and what is in them when."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.format import Flags
from av.stream import Disposition

from avatar.errors import AvatarError
from avatar.media.adts import AdtsClock
from avatar.media.deinterlace import deinterlaced
from avatar.media.ogg import links
from avatar.media.open_media import file_state, read_media
from avatar.media.time_stamps import Stretch, TimeLine, time_line

FAULTS = 0.05  # share of a track's packets that may be unreadable, as where recordings are joined
REORDERED = 1  # s that a picture may be decoded ahead of its time, or
REORDERED_FRAMES = 8
FIRST_FAULTS = 3  # packets, however short the track


@dataclass(frozen=True)
class Recording:
    """The tracks that are read, as numbers of FFmpeg's streams, and one account of their time."""

    path: Path
    picture: int | None
    sound: int | None
    time: TimeLine


@dataclass(frozen=True)
class Decoded:
    """A frame of sound or picture, and when: the span, and seconds since the span's beginning."""

    frame: Any
    span: int
    seconds: float | None
    pixel_aspect: float = 1.0  # of a picture: the width of a pixel over its height


def recording_of(path: Path, sound: int | None) -> Recording:
    """What there is in a file, with FFmpeg's stream `sound` as its sound.

    Looks through the whole file once. Raises AvatarError if it cannot be read.
    """
    state = file_state(path)
    return _looked_through(path, sound, state.st_size, state.st_mtime_ns)


def picture_stream(container: InputContainer) -> int | None:
    """FFmpeg's number of the video track; a cover that is attached to a sound is none."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream.index
    return None


def decode(recording: Recording, index: int) -> Iterator[Decoded]:
    """The frames of one track, in the order in which they are shown.

    Raises AvatarError if the file is damaged beyond a few packets.
    """
    with read_media(recording.path) as container:
        stream: Any = container.streams[index]
        stream.thread_type = "AUTO"
        aspect = float(getattr(stream, "sample_aspect_ratio", None) or 1)
        frames = _frames(recording, container, index)
        for frame in deinterlaced(frames) if stream.type == "video" else frames:
            tick = stream.time_base if stream.type == "video" else frame.time_base
            yield _placed(recording.time, frame, tick, aspect)


def _frames(recording: Recording, container: InputContainer, index: int) -> Iterator[Any]:
    """The frames of one track, on the common account of time."""
    faults = number = 0
    begun: bool = False
    first_fault: av.FFmpegError | None = None
    for packet in _packets(recording.path, container, index):
        if packet.size:
            _move(packet, recording.time.shift(index, number))
            number += 1
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            first_fault = first_fault or error
            faults += begun  # a capture may begin amid pictures that need earlier ones
            if faults > max(FIRST_FAULTS, FAULTS * number):
                raise _damaged(recording.path, error) from error
            continue
        begun = begun or bool(frames)
        yield from frames
    if first_fault and not begun:
        raise _damaged(recording.path, first_fault) from first_fault


@lru_cache(maxsize=64)
def _looked_through(path: Path, sound: int | None, size: int, changed: int) -> Recording:
    del size, changed  # another file of the same name is looked through anew
    with read_media(path) as container:
        picture = picture_stream(container)
        tracks = [index for index in (picture, sound) if index is not None]
        stretches = _stretches(path, container, tracks) if tracks else []
        flags: Any = container.format.flags
        breaks_usual = bool(flags & Flags.ts_discont.value)
    return Recording(path, picture, sound, time_line(path, stretches, breaks_usual))


def _stretches(path: Path, container: InputContainer, tracks: list[int]) -> list[Stretch]:
    """All packets of the tracks, in the order of the file."""
    found: list[Stretch] = []
    open_ones: dict[int, Stretch] = {}
    numbers = dict.fromkeys(tracks, 0)
    for packet in _packets(path, container, *tracks):
        index = packet.stream.index
        last = open_ones.get(index)
        ticks = packet.dts if packet.dts is not None else packet.pts
        if packet.size and (ticks is not None or last):
            scale = float(packet.time_base)
            begins = last.until if ticks is None and last else (ticks or 0) * scale
            shown = begins if packet.pts is None else packet.pts * scale
            lasts = (packet.duration or 0) * scale
            times = begins, begins + lasts, shown, shown + lasts
            if last is None or not last.takes(*times):
                open_ones[index] = Stretch(index, numbers[index], *times)
                found.append(open_ones[index])
        numbers[index] += bool(packet.size)
    return found


def _packets(path: Path, container: InputContainer, *tracks: int) -> Iterator[Any]:
    """Those of the tracks; where the file is a chain of containers, one after the other."""
    chain = links(path) if container.format.name == "ogg" else []
    if len(chain) < 2:
        yield from _demuxed(path, container, *tracks)
        return
    for link in chain:
        with read_media(path, link) as part:
            yield from _demuxed(path, part, *(n for n in tracks if n < len(part.streams)))


def _demuxed(path: Path, container: InputContainer, *tracks: int) -> Iterator[Any]:
    packets = container.demux([container.streams[index] for index in tracks])
    adts = AdtsClock() if container.format.name == "aac" else None
    delays = dict.fromkeys(tracks, 0)  # ticks from decoding to showing, of the latest packet
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError as error:
            raise _damaged(path, error) from error
        if packet is None:
            return
        if adts:
            adts.stamp(packet)
        if packet.pts is not None and packet.dts is not None:
            index, delay = packet.stream.index, packet.pts - packet.dts
            frames = REORDERED_FRAMES * (packet.duration or 0)
            most = max(REORDERED / float(packet.time_base), frames)
            if abs(delay) > most:  # MPEG: the last picture before a break has the next one's time
                packet.pts = packet.dts + delays[index]
            else:
                delays[index] = delay
        yield packet


def _move(packet: Any, seconds: float) -> None:
    ticks = round(seconds / packet.time_base)
    if packet.pts is not None:
        packet.pts += ticks
    if packet.dts is not None:
        packet.dts += ticks


def _placed(time: TimeLine, frame: Any, tick: Fraction, aspect: float) -> Decoded:
    if frame.pts is None:
        return Decoded(frame, 0, None, aspect)
    common = frame.pts * frame.time_base
    span = time.span_at(float(common))
    moved = round(time.shift_of(span) / tick) * tick  # exactly what `_move` added
    return Decoded(frame, span, float(common - moved) - time.spans[span].start, aspect)


def _damaged(path: Path, error: av.FFmpegError) -> AvatarError:
    return AvatarError(
        f"{path} is damaged ({error.strerror}): repair it with ffmpeg or give another file"
    )
