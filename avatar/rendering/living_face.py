"""What of a speaker's face moves besides the lips: its place in the loop, its head, its eyes, and
what it expresses."""

from collections.abc import Mapping
from functools import cached_property

from avatar.gestures import AT_REST, ExpressionName, HeadTurn
from avatar.i420 import I420
from avatar.rendering.behaviour import Behaviour, Cue, new_life
from avatar.rendering.expression_warp import ExpressionWarp
from avatar.rendering.eyelids import Eyelids
from avatar.rendering.head_warp import HeadWarp
from avatar.rendering.reference_loop import ReferenceLoop
from avatar.speakers.speaker import Speaker


class LivingFace:
    """Knows the whole loop; streams remember the rest in their `Behaviour`."""

    def __init__(self, speaker: Speaker, loop: ReferenceLoop) -> None:
        self._speaker, self._loop = speaker, loop
        self._poses = speaker.track.poses[: len(loop.pictures)]

    @cached_property
    def _head(self) -> HeadWarp:
        return HeadWarp(self._speaker.canonical, self._speaker.head_mask, self._poses)

    @cached_property
    def _lids(self) -> Eyelids | None:
        eyes = self._speaker.eyes
        return Eyelids(eyes, self._speaker.canonical, self._poses) if eyes else None

    @cached_property
    def _expressions(self) -> ExpressionWarp | None:
        known = self._speaker.expressions
        return ExpressionWarp(known, self._speaker.canonical, self._poses) if known else None

    def behaviour(self, seed: int | None) -> Behaviour:
        """Of a new stream; None: nothing moves by itself, the loop is played as it was filmed."""
        blinks = self._lids.eyes.blinks if self._lids else []
        life = None if seed is None else new_life(len(self._loop.order), blinks, seed)
        return Behaviour(self._speaker.lookahead, life)

    def prepare(self) -> None:
        """Be ready to move; the loop's own blinks are taken out of it."""
        _ = self._head, self._expressions
        if self._lids:
            self._lids.open_all(self._loop.pictures, self._loop.order)
            self._loop.cut_regions()

    def finish(self, picture: I420, cue: Cue) -> None:
        """Have a picture whose lips are drawn do what `cue` says, where it lies."""
        frame = self._loop.frame_at(cue.position)
        if cue.eyes is not None and self._lids:
            self._lids.blink(picture, frame, cue.eyes)
        if shown := self.shown(cue):
            assert self._expressions
            self._expressions.show(picture, frame, shown)
        if cue.turn != AT_REST:
            self._head.turn(picture, frame, self._within(cue))

    def head(self, cue: Cue) -> tuple[float, float, float]:
        """Yaw, pitch and roll of the head in degrees."""
        yaw, pitch, roll = self._loop.head(cue.position)
        turn = self._within(cue)
        return yaw + turn.yaw, pitch + turn.pitch, roll + turn.roll

    def closed(self, cue: Cue) -> float:
        """How far the eyelids are down, 0..1."""
        if cue.eyes is None or self._lids is None:
            return 0.0
        return float(self._lids.eyes.closed[cue.eyes])

    def shown(self, cue: Cue) -> Mapping[ExpressionName, float]:
        """Expressions and how far they are there; those that the speaker has."""
        known = self._speaker.expressions
        return {name: share for name, share in cue.shown.items() if name in known}

    def _within(self, cue: Cue) -> HeadTurn:
        return cue.turn.within(self._loop.head(cue.position))
