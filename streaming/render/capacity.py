"""What this machine can do: time for a picture, callers that fit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from avatar.audio import FPS

FRAME_S = 1 / FPS  # between frames
YARDSTICK_S = 0.00125  # that `yardstick` took where the next three were measured
EVENT_LOOP_S = 0.0045  # a frame and call on the event loop's thread: packets, encryption, voice
EXECUTORS_S = 0.0015  # a frame and call in its executors, VP8 not counted
CONVERSATION_S = 0.003  # a frame: voice activity, end of turn, pipecat's queues (docs/talk.md)
EVENT_LOOP_SHARE = 0.6  # of a core that one may fill: beyond it packets wait for each other
HEADROOM = 0.8  # part of the time that callers may fill: messages and memory are not in a step
MIN_BUDGET_S = 0.015  # what the operating system may take away at any time
MAX_BUDGET_S = 0.060  # beyond this a machine is too slow and pictures repeat instead


@dataclass(frozen=True)
class StepCost:
    """One step for so many callers."""

    callers: int
    seconds: float
    processor: float
    "Seconds of processor time, all threads together."

    @property
    def each(self) -> float:
        """Seconds for one of them."""
        return self.seconds / self.callers


@dataclass(frozen=True)
class Capacity:
    """Measured on this machine with one speaker; times in seconds."""

    picture: float
    "One picture for one caller: sound to finished frame (90th percentile)."
    encode: float
    "One VP8 frame (median), while the renderer draws and other cores encode."
    budget: float
    "Time between the last sound a picture needs and its leaving: chosen once, for every session."
    steps: tuple[StepCost, ...]
    "Steps for 1, 2, 4 ... callers, until it could not take more, while other cores encode."
    cores: int
    "That this program may use."
    event_loops: int = 1
    "Processes whose event loops share the calls; each of them can use one core."
    interpreter: float = 1.0
    "How much longer Python takes here than where the constants above were measured."
    slowdown: float = 1.0
    "How much longer everything takes now than was measured."

    @property
    def callers(self) -> int:
        """Callers that can be served at 25 fps: what the scarcest part carries, at least one."""
        fitting = [(step.callers, self._fitting(step)) for step in self.steps]
        return max([1, *(fit for together, fit in fitting if fit >= together)])

    def event_loops_wanted(self, most: int = 0) -> int:
        """The fewest with which the event loops are not what is scarcest.

        most: calls that there may be; 0: whatever fits.
        """
        fitting = replace(self, event_loops=self.cores).callers
        most = min(most or fitting, fitting)
        return math.ceil(most * EVENT_LOOP_S * self.interpreter / (FRAME_S * EVENT_LOOP_SHARE))

    @property
    def viewer(self) -> float:
        """What somebody who only looks at a call costs, in callers."""
        return self._sending / (self.picture + self._sending)

    @property
    def conversation(self) -> float:
        """What a call costs more in which somebody talks with the face, in callers."""
        return CONVERSATION_S * self.interpreter / (self.picture + self._sending)

    @property
    def _sending(self) -> float:
        """Processor time of a frame and call outside the renderer."""
        return self.encode + (EVENT_LOOP_S + EXECUTORS_S) * self.interpreter

    def budget_among(self, callers: int) -> float:
        """Like `budget`, for the last of so many who come one after the other.

        Its picture may have to wait for all of theirs, one by one or in one step, and for the one
        or the step that is just being drawn.
        """
        if callers == 1:
            wait = 2 * self.picture
        else:
            one, all_in_one = (step_seconds(self.steps, number) for number in (1, callers))
            wait = min((callers + 1) * one, 2 * all_in_one)
        return bounded((wait + self.encode) * self.slowdown)

    def _fitting(self, step: StepCost) -> int:
        """Callers that fit into one tick and wait no longer than they may, in such steps."""
        frame = FRAME_S / self.slowdown
        tick = frame * HEADROOM
        loop = EVENT_LOOP_S * self.interpreter
        steps_waited = (MAX_BUDGET_S / self.slowdown - self.encode) / step.seconds
        return int(
            min(
                frame * EVENT_LOOP_SHARE / loop * self.event_loops,
                tick / step.each,
                tick * self.cores / (step.processor / step.callers + self._sending),
                step.callers * (steps_waited - 1),  # the first is one that has begun already
            )
        )


def step_seconds(steps: Sequence[StepCost], callers: int) -> float:
    """A step for `callers`, from steps for 1, 2, 4 ... of them; beyond those as the last."""
    last = steps[-1]
    if callers > last.callers:
        return last.seconds * callers / last.callers
    found = np.interp(callers, [one.callers for one in steps], [one.seconds for one in steps])
    return float(found)


def bounded(budget: float) -> float:
    """The nearest that calls may have."""
    return min(MAX_BUDGET_S, max(MIN_BUDGET_S, budget))
