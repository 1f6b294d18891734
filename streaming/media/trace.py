"""What became of each frame of a call, for the last ten seconds: why a picture was late."""

import logging
from dataclasses import dataclass
from typing import Literal

from avatar.audio import FPS
from streaming.core import metrics
from streaming.media.clock import VOICE_PER_FRAME, SessionClock

log = logging.getLogger(__name__)

TRACES_KEPT = 10 * FPS  # frames
ARRIVAL_MARGIN = 0.015  # seconds a packet may come after it is due before its place is made up
SLACK_S = 0.005  # that a stage may take beyond its plan before it is to blame
LOOP_LAG_LIMIT_S = 0.010  # that the event loop may be late before it is to blame

Fate = Literal["", "shown", "repeated", "skipped"]
Stage = Literal["event_loop", "queue", "render", "encode"]


@dataclass(slots=True)
class FrameTrace:
    """One frame; times in monotonic seconds, None until it comes to that."""

    number: int
    planned: float
    "When it should leave."
    sound_due: float
    "When the last sound that its picture needs should be here."
    sound_complete: float | None = None
    "That sound was all there, or what was missing was made up."
    submitted: float | None = None
    "Handed to the rendering process."
    given_up: float | None = None
    "It became known that the rendering process did not draw it, being behind."
    rendered: float | None = None
    shown: float | None = None
    "Given to the sink, this picture or an older one."
    encoded: float | None = None
    "The sender of a call had coded it and sent it."
    fate: Fate = ""
    late: Stage | None = None
    "Which stage made it late, if it was repeated or skipped."

    def after_due(self, moment: float | None) -> float | None:
        """Milliseconds from `sound_due` to `moment`, if it came to that."""
        return None if moment is None else round((moment - self.sound_due) * 1000, 1)

    def __str__(self) -> str:
        stages = ("sound_complete", "submitted", "rendered", "planned")
        times = [(stage, self.after_due(getattr(self, stage))) for stage in stages]
        said = ", ".join(f"{stage} {'-' if ms is None else ms}" for stage, ms in times)
        return f"frame {self.number} {self.fate}, late: {self.late}; ms after sound_due: {said}"


class FrameTraces:
    """A ring of the frames of one call, shared by all who do something with them."""

    def __init__(self, clock: SessionClock, lookahead: int) -> None:
        """`lookahead`: frames of sound that a picture needs beyond its own."""
        self._clock = clock
        self._needed = lookahead + 1
        self._ring: list[FrameTrace | None] = [None] * TRACES_KEPT

    def frame(self, number: int) -> FrameTrace:
        """The trace of a frame; one that is long past gets a trace that nobody keeps."""
        trace = self._ring[number % TRACES_KEPT]
        if trace is None or trace.number != number:
            planned = self._clock.present(number * VOICE_PER_FRAME)
            heard = (number + self._needed) * VOICE_PER_FRAME
            fresh = FrameTrace(number, planned, self._clock.capture(heard))
            if trace is None or trace.number < number:
                self._ring[number % TRACES_KEPT] = fresh
            trace = fresh
        return trace

    def recent(self) -> list[FrameTrace]:
        """What is remembered, oldest first."""
        known = [trace for trace in self._ring if trace is not None and trace.number >= 0]
        return sorted(known, key=lambda trace: trace.number)

    def sound_complete(self, number: int) -> None:
        """The sound that the picture of a frame needs is all there."""
        self.frame(number).sound_complete = self._clock.monotonic()

    def submitted(self, number: int) -> None:
        self.frame(number).submitted = self._clock.monotonic()

    def given_up(self, number: int) -> None:
        self.frame(number).given_up = self._clock.monotonic()

    def rendered(self, number: int) -> None:
        self.frame(number).rendered = self._clock.monotonic()

    def shown(self, number: int) -> None:
        """With its own picture."""
        trace = self.frame(number)
        trace.shown, trace.fate = self._clock.monotonic(), "shown"

    def encoded(self, number: int) -> None:
        self.frame(number).encoded = self._clock.monotonic()

    def missed(self, number: int, fate: Literal["repeated", "skipped"], held_up: float) -> None:
        """A frame was not shown with its own picture: find, count and log what was late.

        held_up: seconds that the event loop woke up late since the frame before.
        """
        trace = self.frame(number)
        trace.fate = fate
        if fate == "repeated":
            trace.shown = self._clock.monotonic()
        trace.late = _late_stage(trace, held_up)
        metrics.LATE_STAGE.labels(trace.late).inc()
        log.debug("%s", trace)


def _late_stage(trace: FrameTrace, held_up: float) -> Stage:
    """The first that was later than planned.

    Sound is never to blame: what is not there `ARRIVAL_MARGIN` after it was due is made up, and
    only an event loop that was busy or got no processor comes to that later.
    """
    heard = trace.sound_complete
    if (
        held_up > LOOP_LAG_LIMIT_S
        or heard is None
        or heard > trace.sound_due + ARRIVAL_MARGIN + SLACK_S
    ):
        return "event_loop"
    if trace.fate == "skipped":
        return "encode"
    if trace.given_up is not None:
        return "queue"
    return "render"
