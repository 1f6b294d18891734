"""What one stream's face does besides speaking, frame by frame, in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from avatar.audio import FPS
from avatar.gestures import AT_REST, ExpressionName, Gesture, HeadTurn, is_expression
from avatar.media.samples import Samples
from avatar.rendering.beats import Beats
from avatar.rendering.blink_times import BlinkTimes
from avatar.rendering.loop_walk import LoopWalk

AT_ONCE = 4  # gestures of a call that run at the same time


@dataclass(frozen=True)
class Cue:
    """What one frame shows besides the lips."""

    index: int  # the number of the frame
    position: int  # in the loop
    turn: HeadTurn = AT_REST
    eyes: int | None = None  # which picture of the speaker's blinks; None: as in the loop
    shown: Mapping[ExpressionName, float] = field(default_factory=dict)  # expressions, more than 0


@dataclass
class Life:
    """What moves by itself."""

    walk: LoopWalk
    beats: Beats
    blinks: BlinkTimes | None  # None: nobody knows how this speaker blinks


@dataclass
class Behaviour:
    """Gestures that were asked for and, if there is any, life of its own.

    The same sound and the same gestures give the same cues, if `life` was made by the same seed.
    """

    lookahead: int  # chunks heard beyond the one of the frame that is shown
    life: Life | None = None
    _chunks: int = 0
    _gestures: list[tuple[int, Gesture]] = field(default_factory=list)  # first frame of each

    @property
    def frame(self) -> int:
        """The frame whose cue comes next; negative while the look-ahead fills."""
        return self._chunks - self.lookahead

    def ask(self, gesture: Gesture, frame: int | None = None) -> None:
        """Make a gesture that begins with `frame`, or with the next one.

        One too many for now is left out: nobody makes a shared renderer busy with nodding.
        """
        if frame is None and len(self._gestures) >= AT_ONCE:
            return
        self._gestures.append((max(self.frame, 0) if frame is None else frame, gesture))

    def next(self, chunk: Samples) -> Cue | None:
        """Hear a chunk (640,); the cue of the frame that it completes, None before the first."""
        frame = self.frame
        self._chunks += 1
        beat = self.life.beats.hear(chunk) if self.life else AT_REST
        if frame < 0:
            return None
        turn = sum((g.at((frame - first) / FPS) for first, g in self._gestures), beat)
        shown = self._shown(frame)
        self._gestures = [(first, g) for first, g in self._gestures if not _over(first, g, frame)]
        return self._cue(frame, turn, shown)

    def _shown(self, frame: int) -> dict[ExpressionName, float]:
        shown: dict[ExpressionName, float] = {}
        for first, gesture in self._gestures:
            share = gesture.shown_at((frame - first) / FPS)
            if share and is_expression(gesture.name):
                shown[gesture.name] = min(1.0, shown.get(gesture.name, 0.0) + share)
        return shown

    def _cue(self, frame: int, turn: HeadTurn, shown: Mapping[ExpressionName, float]) -> Cue:
        if self.life is None:
            return Cue(frame, frame, turn, shown=shown)
        blinks = self.life.blinks
        eyes = blinks.next(self.life.beats.speaking) if blinks else None
        return Cue(frame, self.life.walk.next(), turn, eyes, shown)


def new_life(length: int, blinks: Sequence[range], seed: int) -> Life:
    """For a loop of `length` frames; `blinks`: the pictures of each, if any."""
    walk, beats, eyes = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3))
    times = BlinkTimes(blinks, eyes) if blinks else None
    return Life(LoopWalk(length, walk), Beats(beats), times)


def _over(first: int, gesture: Gesture, frame: int) -> bool:
    return (frame - first) / FPS >= gesture.length
