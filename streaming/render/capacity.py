"""What this machine can do, measured at start-up: time for a picture, callers that fit."""

import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from threading import Event, Thread

import av
import numpy as np

from avatar.audio import FPS, SAMPLES_PER_FRAME
from streaming.render.renderer import I420, Renderer
from streaming.render.vp8 import START_BITRATE, new_codec

FRAME_S = 1 / FPS  # between frames
WARM_UP = 2  # steps nobody counts: buffers are allocated and kernels chosen
TRIALS = 30
BATCH_TRIALS = 6  # the same for several callers: each step is a sample of every one of them
BUSY_TRIALS = 12  # for one caller while other cores encode, and while they do not
MOST_BUSY_CORES = 7
HIGH = 90  # percentile of what is repeated: the spread is part of it, one hiccup is not
YARDSTICKS, YARDSTICK_LOOP = 9, 20_000  # repetitions, numbers in each
YARDSTICK_S = 0.00125  # that `_interpret` takes where the next three were measured
EVENT_LOOP_S = 0.0045  # a frame and call on the event loop's thread: packets, encryption, voice
EXECUTORS_S = 0.0015  # a frame and call in its executors, VP8 not counted
CONVERSATION_S = 0.003  # a frame: voice activity, end of turn, pipecat's queues (docs/talk.md)
EVENT_LOOP_SHARE = 0.6  # of a core that one may fill: beyond it packets wait for each other
HEADROOM = 0.8  # part of the time that callers may fill: messages and memory are not in a step
MIN_BUDGET_S = 0.015  # what the operating system may take away at any time
MAX_BUDGET_S = 0.060  # beyond this a machine is too slow and pictures repeat instead
LARGEST_BATCH = 128


@dataclass(frozen=True)
class StepCost:
    """One step for so many callers."""

    callers: int
    seconds: float
    processor: float
    "Seconds of processor time, all threads together."


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
        return _bounded((wait + self.encode) * self.slowdown)

    def _fitting(self, step: StepCost) -> int:
        """Callers that fit into one tick and wait no longer than they may, in such steps."""
        frame = FRAME_S / self.slowdown
        tick = frame * HEADROOM
        loop = EVENT_LOOP_S * self.interpreter
        steps_waited = (MAX_BUDGET_S / self.slowdown - self.encode) / step.seconds
        return int(
            min(
                frame * EVENT_LOOP_SHARE / loop * self.event_loops,
                tick / _each(step),
                tick * self.cores / (step.processor / step.callers + self._sending),
                step.callers * (steps_waited - 1),  # the first is one that has begun already
            )
        )


def measure(renderer: Renderer) -> Capacity:
    """Time `renderer` and the encoder; takes less than a second."""
    first, pictures = _time_steps(renderer, 1, TRIALS)
    frames = _frames(pictures)
    encode = float(np.median(list(_encode(frames))))
    steps = [first]
    while steps[-1].callers < min(LARGEST_BATCH, FRAME_S * HEADROOM / _each(steps[-1])):
        steps.append(_time_steps(renderer, 2 * steps[-1].callers, BATCH_TRIALS)[0])
    budget = _bounded(2 * first.seconds + encode)
    alone = _processor_seconds(renderer)
    with _encoding(frames, min(MOST_BUSY_CORES, usable_cores() - 1)) as times:
        among_others = _processor_seconds(renderer)
    stretch = max(1.0, among_others / alone)
    busy = [StepCost(s.callers, s.seconds * stretch, s.processor * stretch) for s in steps]
    encode = max(encode, float(np.median(times or [encode])))
    interpreter = _interpret() / YARDSTICK_S
    return Capacity(
        first.seconds, encode, budget, tuple(busy), usable_cores(), interpreter=interpreter
    )


def usable_cores() -> int:
    """Of this machine, for this program."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def step_seconds(steps: Sequence[StepCost], callers: int) -> float:
    """A step for `callers`, from steps for 1, 2, 4 ... of them; beyond those as the last."""
    last = steps[-1]
    if callers > last.callers:
        return last.seconds * callers / last.callers
    found = np.interp(callers, [one.callers for one in steps], [one.seconds for one in steps])
    return float(found)


def _bounded(budget: float) -> float:
    return min(MAX_BUDGET_S, max(MIN_BUDGET_S, budget))


def _each(step: StepCost) -> float:
    return step.seconds / step.callers


def _time_steps(renderer: Renderer, callers: int, trials: int) -> tuple[StepCost, list[I420]]:
    streams = [renderer.open() for _ in range(callers)]
    noise = np.random.default_rng(0)
    times: list[tuple[float, float]] = []
    frames: list[I420] = []
    for _ in range(renderer.lookahead + WARM_UP + trials):
        chunk = noise.normal(0, 0.1, SAMPLES_PER_FRAME).astype(np.float32)
        begun, used = time.perf_counter(), time.process_time()
        pictures = renderer.step(streams, [chunk] * callers)
        times.append((time.perf_counter() - begun, time.process_time() - used))
        frames += [picture.i420 for picture in pictures[:1] if picture is not None]
    seconds, processor = np.percentile(times[-trials:], HIGH, axis=0)
    return StepCost(callers, float(seconds), float(processor)), frames


def _processor_seconds(renderer: Renderer) -> float:
    """Processor time of this thread in a step for one caller (median)."""
    stream, times = renderer.open(), []
    silence = np.zeros(SAMPLES_PER_FRAME, np.float32)
    for _ in range(renderer.lookahead + WARM_UP + BUSY_TRIALS):
        begun = time.thread_time()
        renderer.step([stream], [silence])
        times.append(time.thread_time() - begun)
    return float(np.median(times[-BUSY_TRIALS:])) or math.inf


def _frames(pictures: Sequence[I420]) -> list[av.VideoFrame]:
    """As a call hands them over: without their times the encoder spends nearly nothing on them."""
    frames = [av.VideoFrame.from_ndarray(i420, format="yuv420p") for i420 in pictures]
    for number, frame in enumerate(frames):
        frame.pts, frame.time_base = number, Fraction(1, FPS)
    return frames


def _interpret() -> float:
    """Seconds of processor time that a loop in Python takes (median)."""
    times = []
    for _ in range(YARDSTICKS):
        begun = time.thread_time()
        sum(number * number for number in range(YARDSTICK_LOOP))
        times.append(time.thread_time() - begun)
    return float(np.median(times))


def _encode(frames: list[av.VideoFrame]) -> Iterator[float]:
    """Seconds of processor time that each takes."""
    codec = new_codec(frames[0].width, frames[0].height, START_BITRATE)
    for frame in frames:
        begun = time.thread_time()
        codec.encode(frame)
        yield time.thread_time() - begun


@contextmanager
def _encoding(frames: list[av.VideoFrame], threads: int) -> Iterator[list[float]]:
    """Encode on so many cores meanwhile, as calls do: cores that share their parts are slower.

    Yields the seconds of every frame so far.
    """
    times: list[float] = []
    over = Event()

    def encode() -> None:
        while not over.is_set():
            for number, seconds in enumerate(_encode(frames)):
                if number:  # the first is a key frame
                    times.append(seconds)
                if over.is_set():
                    return

    busy = [Thread(target=encode) for _ in range(threads)]
    for thread in busy:
        thread.start()
    try:
        yield times
    finally:
        over.set()
        for thread in busy:
            thread.join()
