"""What streaming asks of a renderer: the shape of `avatar.rendering.Pipeline`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from avatar.gestures import ExpressionName, Gesture
from avatar.motion import Motion

I420 = npt.NDArray[np.uint8]  # (height * 3 // 2, width)
Chunk = npt.NDArray[np.float32]  # (640,) 16 kHz mono, the sound beside one video frame


class RenderedPicture(Protocol):
    """One finished frame."""

    @property
    def i420(self) -> I420: ...

    @property
    def motion(self) -> Motion: ...


class Renderer(Protocol):
    """Turns sound into pictures of one speaker for many callers at once."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        ...

    @property
    def lookahead(self) -> int:
        """Frames of sound that it hears beyond the one that it draws."""
        ...

    def open(self) -> Any:
        """A new caller's state."""
        ...

    def gesture(self, stream: Any, gesture: Gesture) -> None:
        """Have a caller's face make a gesture, from the next picture on."""
        ...

    def step(
        self, streams: Sequence[Any], chunks: Sequence[Chunk]
    ) -> Sequence[RenderedPicture | None]:
        """One chunk further for each caller; None while the look-ahead fills."""
        ...

    def hear(self, streams: Sequence[Any], chunks: Sequence[Chunk]) -> None:
        """One chunk further for each caller, without drawing: a small part of a step."""
        ...


Asked = tuple[Any, Any, Chunk]  # a caller's renderer, its stream there, its next chunk
StepTogether = Callable[[Sequence[Asked]], Sequence[RenderedPicture | None]]
HearTogether = Callable[[Sequence[Asked]], None]


def step_apart(asked: Sequence[Asked]) -> Sequence[RenderedPicture | None]:
    """One chunk further for each caller, one step for each renderer among them."""
    pictures: list[RenderedPicture | None] = [None] * len(asked)
    for renderer, rows in _rows(asked).items():
        found = renderer.step([asked[row][1] for row in rows], [asked[row][2] for row in rows])
        for row, picture in zip(rows, found, strict=True):
            pictures[row] = picture
    return pictures


def hear_apart(asked: Sequence[Asked]) -> None:
    """One chunk further for each caller, nothing drawn, one renderer after the other."""
    for renderer, rows in _rows(asked).items():
        renderer.hear([asked[row][1] for row in rows], [asked[row][2] for row in rows])


def _rows(asked: Sequence[Asked]) -> dict[Renderer, list[int]]:
    rows: dict[Renderer, list[int]] = {}
    for row, (renderer, _, _) in enumerate(asked):
        rows.setdefault(renderer, []).append(row)
    return rows


@dataclass(frozen=True)
class Speakers:
    """The speakers that can be called, and how to load one."""

    first: str
    previews: dict[str, Path]
    load: Callable[[str], Renderer]
    "By name. Raises AvatarError."
    step_together: StepTogether = step_apart
    "One chunk further for callers of any speakers."
    hear_together: HearTogether = hear_apart
    "The same, without drawing."
    consents: dict[str, str] = field(default_factory=dict)
    "Who agreed to be shown, and when, by name."
    refusal: Callable[[str], str] = lambda _: ""
    "Why a speaker may not be shown now; nothing: it may."
    lookahead: int = 0
    "Frames of sound that the furthest hearing of the others hears ahead."
    expressions: dict[str, tuple[ExpressionName, ...]] = field(default_factory=dict)
    "What their own videos showed, by name."


FindSpeakers = Callable[[], Speakers]
"Runs in the rendering process, so it must be picklable. Raises AvatarError."
