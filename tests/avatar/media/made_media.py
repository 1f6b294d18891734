"""Recordings whose truth is known: a clock is drawn into the pictures, clicks are in the sound."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 128, 96
CELLS = 10  # bits of the clock, in milliseconds / CLOCK_STEP
CLOCK_STEP = 0.010  # s
CLICK_EVERY = 0.5  # s; the first after CLICK_FIRST
CLICK_FIRST = 0.3


@dataclass(frozen=True)
class Form:
    """What a recording is made as."""

    container: str = "mkv"
    video: str = "libx264"
    audio: str = "aac"
    fps: int = 25
    rate: int = 48_000
    channels: int = 1
    offset: float = 0.0  # s by which all time stamps are moved
    size: tuple[int, int] = (WIDTH, HEIGHT)


def record(
    path: Path,
    form: Form,
    seconds: float,
    begins: float = 0.0,
    picture_gap: tuple[float, float] | None = None,
    sound_gap: tuple[float, float] | None = None,
) -> Path:
    """`seconds` of a performance from its moment `begins` on; in a gap a track has nothing."""
    with av.open(f"file:{path}", "w", format=CONTAINERS[form.container]) as container:
        picture: Any = container.add_stream(form.video, rate=form.fps)
        picture.width, picture.height = form.size
        picture.pix_fmt = "yuv420p"
        picture.codec_context.gop_size = form.fps
        voice: Any = container.add_stream(
            form.audio, rate=form.rate, layout="stereo" if form.channels == 2 else "mono"
        )
        pictures = list(_pictures(form, seconds, begins, picture_gap))
        sounds = list(_sounds(form, voice, seconds, begins, sound_gap))
        packets = [packet for frame in [*pictures, None] for packet in picture.encode(frame)]
        packets += [packet for frame in [*sounds, None] for packet in voice.encode(frame)]
        packets.sort(key=lambda packet: (packet.dts or 0) * packet.time_base)
        container.mux(packets)
    return path


SAMPLES = {"flt": (1, np.float32), "s16": (32_767, np.int16), "s32": (2_147_483_000, np.int32)}
CONTAINERS = {
    "mkv": "matroska", "mp4": "mp4", "mov": "mov", "ts": "mpegts", "mpg": "mpeg",
    "avi": "avi", "webm": "webm",
}  # fmt: skip


def _pictures(
    form: Form, seconds: float, begins: float, gap: tuple[float, float] | None
) -> Iterator[av.VideoFrame]:
    for number in range(round(seconds * form.fps)):
        time = number / form.fps
        if gap is None or not gap[0] <= time < gap[1]:
            image = clock_face(begins + time, form.size)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
            frame.pts = number + round(form.offset * form.fps)
            frame.time_base = Fraction(1, form.fps)
            yield frame


def _sounds(
    form: Form, voice: Any, seconds: float, begins: float, gap: tuple[float, float] | None
) -> Iterator[av.AudioFrame]:
    sound = clicks(form.rate, seconds, begins)
    channels = np.stack([sound] * form.channels)
    kind = voice.codec_context.format.name
    step = voice.codec_context.frame_size or 1024
    for at in range(0, len(sound), step):
        if gap is None or not gap[0] <= at / form.rate < gap[1]:
            piece = channels[:, at : at + step]
            layout = "stereo" if form.channels == 2 else "mono"
            yield _frame(piece, kind, layout, form.rate, at + round(form.offset * form.rate))


def _frame(
    piece: NDArray[np.float32], kind: str, layout: str, rate: int, stamp: int
) -> av.AudioFrame:
    scale, dtype = SAMPLES[kind.removesuffix("p")]
    whole = (piece * scale).astype(dtype)
    shaped = whole if kind.endswith("p") else whole.T.reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(shaped), format=kind, layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = rate, stamp, Fraction(1, rate)
    return frame


def clock_face(moment: float, size: tuple[int, int] = (WIDTH, HEIGHT)) -> NDArray[np.uint8]:
    """The time as bright and dark cells: bits from left to right, above them their opposites."""
    width, height = size
    ticks = round(moment / CLOCK_STEP)
    image = np.full((height, width, 3), 128, np.uint8)
    cell = width // CELLS
    for bit in range(CELLS):
        on = ticks >> bit & 1
        columns = slice(bit * cell, (bit + 1) * cell)
        image[height // 2 :, columns] = 220 if on else 35
        image[: height // 2, columns] = 35 if on else 220
    return image


def read_clock(image: NDArray[np.uint8]) -> float:
    """The moment that is drawn into a picture of any size, in seconds."""
    height, width = image.shape[:2]
    cell = width // CELLS
    ticks = 0
    for bit in range(CELLS):
        columns = slice(bit * cell + cell // 4, (bit + 1) * cell - cell // 4)
        low = image[5 * height // 8 : 7 * height // 8, columns].mean()
        high = image[height // 8 : 3 * height // 8, columns].mean()
        ticks |= int(low > high) << bit
    return ticks * CLOCK_STEP


def clicks(rate: int, seconds: float, begins: float = 0.0) -> NDArray[np.float32]:
    """Short bursts at known moments of the performance, each of its own pitch."""
    sound = np.zeros(round(seconds * rate), np.float32)
    for moment in click_moments(begins, begins + seconds):
        at = round((moment - begins) * rate)
        burst = np.arange(min(rate // 50, len(sound) - at))
        fade = np.exp(-burst / (0.004 * rate))
        sound[at : at + len(burst)] += 0.8 * fade * np.sin(2 * np.pi * 1000 * burst / rate)
    return sound


def click_moments(begins: float, ends: float) -> list[float]:
    """Of the performance, as far as a whole click fits in."""
    numbers = range(round(ends / CLICK_EVERY) + 2)
    moments = [CLICK_FIRST + CLICK_EVERY * number for number in numbers]
    return [moment for moment in moments if begins <= moment < ends - 0.02]


def heard_clicks(sound: NDArray[np.float32], rate: int) -> list[float]:
    """Seconds at which bursts begin."""
    loud = np.flatnonzero(np.abs(sound) > 0.2)
    first: Sequence[int] = loud[np.diff(loud, prepend=-rate) > 0.1 * rate]
    return [float(place) / rate for place in first]


def append(path: Path, *parts: Path) -> Path:
    """Files joined end to end, as `cat` does."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path
