"""The chunks that wait to be rendered, and the steps that render those whose pictures are due.

Natural batching: while a step runs, the chunks that fall due gather, and the next step takes one of
every caller, as long as all their pictures come in time. A picture that cannot is not drawn, its
sound only heard: what comes late helps nobody and makes others late. Where there are more pictures
than can be drawn, every caller gets the same part of them, evenly spread.
"""

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

from avatar.errors import DeviceLost
from avatar.gestures import Gesture
from streaming.render.capacity import FRAME_S
from streaming.render.renderer import (
    Chunk,
    HearTogether,
    RenderedPicture,
    Renderer,
    StepTogether,
    hear_apart,
    step_apart,
)
from streaming.render.step_pace import StepPace

log = logging.getLogger(__name__)

MOST_CREDIT = 2.0  # pictures that a caller may be owed
LONGEST_STILL_S = 0.4  # without a picture: then a late one is better than none


@dataclass(frozen=True)
class WaitingChunk:
    """The sound beside frame `number`; times are monotonic seconds."""

    number: int
    chunk: Chunk
    due: float
    "When its picture is shown, if it is there."
    latest: float
    "When it stands in for one that follows, if there was no hope that it would be there."
    drawn: bool
    "Whether it is to be drawn, or only heard."


@dataclass
class RenderSlot:
    """One caller's: its renderer, its stream there, its chunks."""

    renderer: Renderer
    stream: Any
    waiting: deque[WaitingChunk] = field(default_factory=deque)
    credit: float = 0.0
    "Pictures that it is owed."
    missed: int = 0
    "Pictures given up since the last one that was drawn, though they were owed."
    drawn_at: float = math.inf
    "When its last picture was drawn, or its first sound came."
    allowance: float = math.inf
    "Seconds from the coming of its last chunk to when that picture must be there."

    def frame_of(self, chunk: WaitingChunk) -> int:
        """The frame whose picture a chunk completes."""
        return chunk.number - self.renderer.lookahead


Due = tuple[int, RenderSlot, WaitingChunk]  # caller, its place, its next chunk


@dataclass(frozen=True)
class Rendered:
    """What became of one chunk."""

    caller: int
    frame: int
    "That the picture shows: the look-ahead lies between it and the frame of its last chunk."
    picture: RenderedPicture | None
    given_up: bool = False
    "Whether it was not drawn, being too late."


@dataclass(frozen=True)
class Step:
    """One call of a renderer."""

    seconds: float
    rendered: list[Rendered]
    failed: bool


class Batcher:
    """Callers by number, each with chunks that wait."""

    def __init__(
        self,
        pace: StepPace,
        step_together: StepTogether = step_apart,
        hear_together: HearTogether = hear_apart,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`pace`: told of every step, asked how long the next will take."""
        self._pace = pace
        self._step_together = step_together
        self._hear_together = hear_together
        self._monotonic = monotonic
        self._places: dict[int, RenderSlot] = {}
        self._alone: WeakSet[Renderer] = WeakSet()  # were in a step of several that failed
        self._longest = math.inf  # seconds of a step that keeps nobody waiting for too long
        self._share = 1.0  # of the pictures that can be drawn

    def __len__(self) -> int:
        return len(self._places)

    def join(self, caller: int, renderer: Renderer) -> None:
        """A new caller, or one that goes on with another speaker; waiting chunks are kept."""
        place = RenderSlot(renderer, renderer.open())
        if caller in self._places:
            place.waiting = self._places[caller].waiting
        self._places[caller] = place

    def leave(self, caller: int) -> None:
        self._places.pop(caller, None)

    def add(self, caller: int, number: int, chunk: Chunk, due: float = math.inf) -> None:
        """The sound beside video frame `number`, whose picture must be there at time `due`."""
        place = self._places.get(caller)
        if place is None:
            return
        now = self._monotonic()
        latest = self._within_reach(due, now)
        place.allowance = latest - now
        place.drawn_at = min(place.drawn_at, now)
        place.credit = min(MOST_CREDIT, place.credit + self._share)
        drawn = place.credit >= 1
        place.credit -= drawn
        place.waiting.append(WaitingChunk(number, chunk, due, latest, drawn))

    def gesture(self, caller: int, gesture: Gesture) -> None:
        """Have a caller's head make it, from the next picture on."""
        if place := self._places.get(caller):
            place.renderer.gesture(place.stream, gesture)

    @property
    def waiting(self) -> bool:
        return any(place.waiting for place in self._places.values())

    def step(self) -> list[Step]:
        """Hear what is not drawn, or else render the most urgent, all speakers in one step.

        Raises DeviceLost if what renders will never do so again.

        Speakers whose step together failed are rendered each by itself from then on.
        """
        now = self._monotonic()
        self._plan()
        if unheard := self._unheard(now):
            return [Step(0.0, _given_up(unheard), failed=False)]
        unseen = self._unseen(now)
        work = self._hear if unseen else self._draw
        groups: dict[Renderer | None, list[Due]] = {}
        for due in unseen or self._most_urgent(now):
            renderer = due[1].renderer
            groups.setdefault(renderer if renderer in self._alone else None, []).append(due)
        return [work(batch) for batch in groups.values()]

    def _plan(self) -> None:
        patience = min((place.allowance for place in self._places.values()), default=math.inf)
        self._longest = patience - self._pace.seconds(1)
        self._share = self._pace.share(len(self._places), self._longest)

    def _within_reach(self, due: float, now: float) -> float:
        """`due`; where even a step at once would miss it, two pictures after the one it reaches."""
        late = now + self._pace.seconds(1) - due
        return due + FRAME_S * (1 + math.ceil(late / FRAME_S)) if late > 0 else due

    def _unheard(self, now: float) -> list[Due]:
        """All chunks but the newest of callers whose picture stands still: taken out.

        Where hearing alone takes all the time, nobody would see anything; the lips of two pictures
        are wrong then.
        """
        found = []
        for caller, place in self._places.items():
            while now - place.drawn_at > LONGEST_STILL_S and len(place.waiting) > 1:
                place.missed += 1
                found.append((caller, place, place.waiting.popleft()))
        return found

    def _unseen(self, now: float) -> list[Due]:
        """Of each caller the next chunk, if it is not drawn: taken out."""
        found = []
        for caller, place in self._places.items():
            if not place.waiting or self._worth_drawing(place, now):
                continue
            chunk = place.waiting.popleft()
            place.missed += chunk.drawn
            place.credit += chunk.drawn
            found.append((caller, place, chunk))
        return found

    def _worth_drawing(self, place: RenderSlot, now: float) -> bool:
        """Whether the next chunk of a caller is drawn."""
        chunk, *behind = place.waiting
        if now - place.drawn_at > LONGEST_STILL_S:
            return True
        latest = chunk.due if any(newer.drawn for newer in behind) else chunk.latest
        return chunk.drawn and now + self._pace.seconds(1) <= latest

    def _most_urgent(self, now: float) -> list[Due]:
        """As many as one step can draw in time: taken out.

        It is no longer than lets a chunk that comes while it runs be drawn in time, too.
        """
        heads = [(c, place, place.waiting[0]) for c, place in self._places.items() if place.waiting]
        heads.sort(key=lambda head: (-head[1].missed, head[2].latest))
        earliest = math.inf
        batch: list[Due] = []
        for caller, place, chunk in heads:
            earliest = min(earliest, chunk.latest)
            takes = self._pace.seconds(len(batch) + 1)
            if batch and (takes > self._longest or now + takes > earliest):
                break
            batch.append((caller, place, place.waiting.popleft()))
        return batch

    def _hear(self, batch: list[Due]) -> Step:
        begun = self._monotonic()
        heard = self._tried(batch, lambda asked: self._hear_together(asked) or ())
        return Step(self._monotonic() - begun, _given_up(batch), failed=heard is None)

    def _draw(self, batch: list[Due]) -> Step:
        begun = self._monotonic()
        found = self._tried(batch, self._step_together)
        seconds = self._monotonic() - begun
        if found and found[0] is not None:
            self._pace.note(len(batch), seconds)
        pictures = [None] * len(batch) if found is None else found
        rendered = []
        for (caller, place, chunk), picture in zip(batch, pictures, strict=True):
            place.missed, place.drawn_at = 0, self._monotonic()
            rendered.append(Rendered(caller, place.frame_of(chunk), picture))
        return Step(seconds, rendered, failed=found is None)

    def _tried(
        self, batch: list[Due], work: StepTogether
    ) -> Sequence[RenderedPicture | None] | None:
        """What `work` makes of these chunks; None if it fails, and their callers begin anew."""
        try:
            return work([(place.renderer, place.stream, due.chunk) for _, place, due in batch])
        except DeviceLost:
            raise
        except Exception:
            log.exception("rendering failed; the callers of this step begin anew")
            self._begin_anew([place for _, place, _ in batch])
        return None

    def _begin_anew(self, places: list[RenderSlot]) -> None:
        for place in places:
            place.stream = place.renderer.open()
        renderers = {place.renderer for place in places}
        if len(renderers) > 1:
            self._alone.update(renderers)


def _given_up(batch: list[Due]) -> list[Rendered]:
    return [Rendered(caller, place.frame_of(chunk), None, True) for caller, place, chunk in batch]
