"""The chunks that wait to be rendered, and the steps that render all that are due together.

Natural batching: while a step runs, the chunks that fall due gather, and the next step takes one of
every caller. A single caller is served at once; many callers share steps without waiting.
"""

import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

from avatar.errors import DeviceLost
from avatar.gestures import Gesture
from streaming.render.renderer import (
    Chunk,
    RenderedPicture,
    Renderer,
    StepTogether,
    step_apart,
)

log = logging.getLogger(__name__)


@dataclass
class RenderSlot:
    """One caller's: its renderer, its stream there, its chunks with their frame numbers."""

    renderer: Renderer
    stream: Any
    waiting: deque[tuple[int, Chunk]] = field(default_factory=deque)


Due = tuple[int, RenderSlot, int, Chunk]  # caller, its place, frame number, the sound beside it


@dataclass(frozen=True)
class Rendered:
    """What became of one chunk."""

    caller: int
    frame: int
    "That the picture shows: the look-ahead lies between it and the frame of its last chunk."
    picture: RenderedPicture | None


@dataclass(frozen=True)
class Step:
    """One call of a renderer."""

    seconds: float
    rendered: list[Rendered]
    failed: bool


class Batcher:
    """Callers by number, each with chunks that wait."""

    def __init__(self, step_together: StepTogether = step_apart) -> None:
        self._step_together = step_together
        self._places: dict[int, RenderSlot] = {}
        self._alone: WeakSet[Renderer] = WeakSet()  # were in a step of several that failed

    def join(self, caller: int, renderer: Renderer) -> None:
        """A new caller, or one that goes on with another speaker; waiting chunks are kept."""
        place = RenderSlot(renderer, renderer.open())
        if caller in self._places:
            place.waiting = self._places[caller].waiting
        self._places[caller] = place

    def leave(self, caller: int) -> None:
        self._places.pop(caller, None)

    def add(self, caller: int, number: int, chunk: Chunk) -> None:
        """The sound beside video frame `number`."""
        if caller in self._places:
            self._places[caller].waiting.append((number, chunk))

    def gesture(self, caller: int, gesture: Gesture) -> None:
        """Have a caller's head make it, from the next picture on."""
        if place := self._places.get(caller):
            place.renderer.gesture(place.stream, gesture)

    @property
    def waiting(self) -> bool:
        return any(place.waiting for place in self._places.values())

    def step(self) -> list[Step]:
        """Render one chunk of every caller that has one, all speakers in one step.

        Raises DeviceLost if what renders will never do so again.

        Speakers whose step together failed are rendered each by itself from then on.
        """
        groups: dict[Renderer | None, list[Due]] = {}
        for caller, place in self._places.items():
            if place.waiting:
                number, chunk = place.waiting.popleft()
                alone = place.renderer if place.renderer in self._alone else None
                groups.setdefault(alone, []).append((caller, place, number, chunk))
        return [self._step(batch) for batch in groups.values()]

    def _step(self, batch: list[Due]) -> Step:
        begun = time.perf_counter()
        failed = False
        found: Sequence[RenderedPicture | None] = [None] * len(batch)
        try:
            asked = [(place.renderer, place.stream, chunk) for _, place, _, chunk in batch]
            found = self._step_together(asked)
        except DeviceLost:
            raise
        except Exception:
            log.exception("rendering failed; the callers of this step begin anew")
            failed = True
            self._begin_anew([place for _, place, _, _ in batch])
        rendered = [
            Rendered(caller, number - place.renderer.lookahead, picture)
            for (caller, place, number, _), picture in zip(batch, found, strict=True)
        ]
        return Step(time.perf_counter() - begun, rendered, failed)

    def _begin_anew(self, places: list[RenderSlot]) -> None:
        for place in places:
            place.stream = place.renderer.open()
        renderers = {place.renderer for place in places}
        if len(renderers) > 1:
            self._alone.update(renderers)
