"""The chunks that wait to be rendered, and the steps that render all that are due together.

Natural batching: while a step runs, the chunks that fall due gather, and the next step takes one of
every caller. A single caller is served at once; many callers share steps without waiting.
"""

import logging
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from avatar.audio import LOOKAHEAD_FRAMES
from streaming.renderer import I420, Chunk, Renderer

log = logging.getLogger(__name__)


@dataclass
class Place:
    """One caller's: its renderer, its stream there, its chunks with their frame numbers."""

    renderer: Renderer
    stream: Any
    waiting: deque[tuple[int, Chunk]] = field(default_factory=deque)


@dataclass(frozen=True)
class Rendered:
    """What became of one chunk; `number` is the frame it lies beside."""

    caller: int
    number: int
    picture: I420 | None

    @property
    def frame(self) -> int:
        """The frame that the picture shows: the look-ahead lies between it and its last chunk."""
        return self.number - LOOKAHEAD_FRAMES


@dataclass(frozen=True)
class Step:
    """One call of a renderer."""

    seconds: float
    rendered: list[Rendered]
    failed: bool


class Batches:
    """Callers by number, each with chunks that wait."""

    def __init__(self) -> None:
        self._places: dict[int, Place] = {}

    def join(self, caller: int, renderer: Renderer) -> None:
        """A new caller, or one that goes on with another speaker; waiting chunks are kept."""
        place = Place(renderer, renderer.open())
        if caller in self._places:
            place.waiting = self._places[caller].waiting
        self._places[caller] = place

    def leave(self, caller: int) -> None:
        self._places.pop(caller, None)

    def add(self, caller: int, number: int, chunk: Chunk) -> None:
        """The sound beside video frame `number`."""
        if caller in self._places:
            self._places[caller].waiting.append((number, chunk))

    @property
    def waiting(self) -> bool:
        return any(place.waiting for place in self._places.values())

    def step(self) -> list[Step]:
        """Render one chunk of every caller that has one: one step for each speaker among them."""
        due: dict[Renderer, list[tuple[int, Place, int, Chunk]]] = {}
        for caller, place in self._places.items():
            if place.waiting:
                number, chunk = place.waiting.popleft()
                due.setdefault(place.renderer, []).append((caller, place, number, chunk))
        return [self._step(renderer, batch) for renderer, batch in due.items()]

    def _step(self, renderer: Renderer, batch: list[tuple[int, Place, int, Chunk]]) -> Step:
        begun = time.perf_counter()
        failed = False
        try:
            streams = [place.stream for _, place, _, _ in batch]
            found = renderer.step(streams, [chunk for *_, chunk in batch])
        except Exception:
            log.exception("rendering failed; the callers of this step begin anew")
            failed, found = True, [None] * len(batch)
            for _, place, _, _ in batch:
                place.stream = renderer.open()
        rendered = [
            Rendered(caller, number, picture.i420 if picture else None)
            for (caller, _, number, _), picture in zip(batch, found, strict=True)
        ]
        return Step(time.perf_counter() - begun, rendered, failed)
