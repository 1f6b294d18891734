"""Small videos really made with PyAV, and a face that moves in a known way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from tests.support import need

SIDE = 256
RATE = 16_000
TIME_BASE = Fraction(1, 12_800)
Image = NDArray[np.uint8]


def write_video(
    path: Path,
    frames: Sequence[Image],
    times: Sequence[float] | None = None,
    sound: NDArray[np.float32] | None = None,
    sound_start: float = 0.0,
) -> Path:
    """RGB frames at `times` (s; default 25 a second) with 16 kHz mono sound from `sound_start`."""
    moments = times if times is not None else [n / 25 for n in range(len(frames))]
    with av.open(str(path), "w") as container:
        picture: Any = container.add_stream("libx264", rate=25, options={"crf": "12", "bf": "0"})
        picture.height, picture.width = frames[0].shape[:2]
        picture.pix_fmt = "yuv420p"
        picture.codec_context.time_base = TIME_BASE
        voice: Any = None
        if sound is not None:
            voice = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for frame, moment in zip(frames, moments, strict=True):
            video = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            video.pts, video.time_base = round(moment / TIME_BASE), TIME_BASE
            container.mux(picture.encode(video))
        container.mux(picture.encode(None))
        if sound is not None:
            for packet in _sound_packets(voice, sound, sound_start):
                container.mux(packet)
    return path


def _sound_packets(voice: Any, sound: NDArray[np.float32], start: float) -> Iterator[Any]:
    samples = (sound * 32767).astype(np.int16)
    for at in range(0, len(samples), 1024):
        frame = av.AudioFrame.from_ndarray(samples[None, at : at + 1024], "s16", "mono")
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = round(start * RATE) + at
        yield from voice.encode(frame)
    yield from voice.encode(None)


def portrait() -> Image:
    """A face, 256x256 (Eileen Collins, NASA, public domain)."""
    need("skimage", "mediapipe")
    from skimage.data import astronaut

    part = astronaut()[0:240, 100:340]
    return np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC))


@dataclass(frozen=True)
class Talk:
    """Frames of a talking portrait and the affine maps (F, 2, 3) from the portrait to them."""

    frames: list[Image]
    maps: NDArray[np.float64]


def talk(count: int) -> Talk:
    """The portrait nods, tilts and opens its mouth, smoothly, twice as often as it tilts."""
    still, maps, frames = portrait(), [], []
    for n in range(count):
        phase = 2 * np.pi * n / 125
        tilt, middle = 2.0 * np.sin(phase), (SIDE / 2, SIDE / 2)
        turn = cv2.getRotationMatrix2D(middle, tilt, 1.0)
        turn[:, 2] += 3 * np.sin(phase), 2 * np.cos(2 * phase)
        opened = open_mouth(still, 8 * max(0.0, np.sin(2 * np.pi * n / 11) * np.sin(phase)))
        frames.append(
            np.asarray(
                cv2.warpAffine(
                    opened, turn, (SIDE, SIDE), flags=cv2.INTER_CUBIC,
                    borderMode=cv2.BORDER_REPLICATE,
                )
            )
        )  # fmt: skip
        maps.append(turn)
    return Talk(frames, np.array(maps))


MOUTH = (131.0, 158.0)  # px in the portrait


def open_mouth(image: Image, gap: float) -> Image:
    """Pull the lower lip and chin down by `gap` px and darken what opens."""
    xs, ys = np.meshgrid(np.arange(SIDE, dtype=np.float32), np.arange(SIDE, dtype=np.float32))
    drop = gap * np.exp(-(((xs - MOUTH[0]) / 18) ** 2))
    below = ys - MOUTH[1]
    shift = np.where(below > 0, drop * np.exp(-((np.maximum(below - drop, 0) / 30) ** 2)), 0)
    source = np.where(below > 0, np.maximum(ys - shift, MOUTH[1]), ys).astype(np.float32)
    moved = cv2.remap(image, xs, source, cv2.INTER_LINEAR)
    inside = (below > 0) & (below < drop)
    moved[inside] = (60, 20, 20)
    return np.asarray(moved)
