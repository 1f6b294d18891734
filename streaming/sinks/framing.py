"""Pictures as a call program wants them: mirrored, of another size, on a ground of one colour."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from avatar.errors import AvatarError
from streaming.media.sink import Sink, Voice
from streaming.render.renderer import I420

LARGEST = 4096  # pixels
COLOURS = {
    "black": "#000000",
    "white": "#ffffff",
    "grey": "#808080",
    "green": "#00ff00",
    "blue": "#0000ff",
    "magenta": "#ff00ff",
}
BLACK = (16, 128, 128)  # Y, U, V
Size = tuple[int, int]  # width, height


@dataclass(frozen=True)
class Framing:
    """How a picture is laid out before it goes to a sink."""

    source: Size
    size: Size
    mirror: bool = False
    background: tuple[int, int, int] = BLACK
    "Y, U, V around the picture where the shapes differ."

    def __call__(self, picture: I420) -> I420:
        """I420 of `source` size -> I420 of `size`."""
        if self.source == self.size and not self.mirror:
            return picture
        width, height = self.size
        framed = np.empty((height * 3 // 2, width), np.uint8)
        places = zip(planes(picture, self.source), planes(framed, self.size), strict=True)
        for (plane, target), ground in zip(places, self.background, strict=True):
            self._place(plane, target, ground)
        return framed

    def _place(self, plane: I420, target: I420, ground: int) -> None:
        height, width = target.shape
        scale = min(width / plane.shape[1], height / plane.shape[0])
        fitted = (round(plane.shape[1] * scale), round(plane.shape[0] * scale))
        shrinking = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        inner = cv2.resize(plane, fitted, interpolation=shrinking) if scale != 1 else plane
        left, top = (width - fitted[0]) // 2, (height - fitted[1]) // 2
        target[:] = ground
        target[top : top + fitted[1], left : left + fitted[0]] = (
            inner[:, ::-1] if self.mirror else inner
        )


class FramedSink:
    """Another sink that sees its pictures through a framing, or with a label on them."""

    def __init__(self, inner: Sink, framing: Callable[[I420], I420]) -> None:
        self._inner = inner
        self._framing = framing

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def lead(self) -> float:
        return self._inner.lead

    async def ready(self) -> None:
        await self._inner.ready()

    def show(self, number: int, picture: I420) -> None:
        self._inner.show(number, self._framing(picture))

    def speak(self, start: int, samples: Voice) -> None:
        self._inner.speak(start, samples)

    async def close(self) -> None:
        await self._inner.close()


def planes(picture: I420, size: Size) -> tuple[I420, I420, I420]:
    """Views of Y (h, w), U and V (h/2, w/2) within an I420 picture."""
    width, height = size
    flat = picture.reshape(-1)
    luma, quarter = width * height, width * height // 4
    half = (height // 2, width // 2)
    return (
        flat[:luma].reshape(height, width),
        flat[luma : luma + quarter].reshape(half),
        flat[luma + quarter :].reshape(half),
    )


def parse_size(text: str) -> Size:
    """`1280x720` -> (1280, 720). Raises AvatarError."""
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise AvatarError(f"--size {text} is not a size; write it like 1280x720")
    size = (int(width), int(height))
    if any(side % 2 or not 2 <= side <= LARGEST for side in size):
        raise AvatarError(f"--size {text}: both sides must be even, from 2 to {LARGEST}")
    return size


def parse_colour(text: str) -> tuple[int, int, int]:
    """A name or `#rrggbb` -> Y, U, V (BT.601, 16 to 235). Raises AvatarError."""
    code = COLOURS.get(text.lower(), text).removeprefix("#")
    try:
        red, green, blue = bytes.fromhex(code)
    except ValueError as error:
        raise AvatarError(
            f"--background {text} is not a colour; write #rrggbb or one of {', '.join(COLOURS)}"
        ) from error
    pixels = np.full((2, 2, 3), (red, green, blue), np.uint8)
    flat = cv2.cvtColor(pixels, cv2.COLOR_RGB2YUV_I420).reshape(-1)
    return int(flat[0]), int(flat[4]), int(flat[5])
