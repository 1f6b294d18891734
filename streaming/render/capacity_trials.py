"""The trials at start-up from which it follows what this machine can do."""

import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from threading import Event, Thread

import av
import numpy as np

from avatar.audio import FPS, SAMPLES_PER_FRAME
from streaming.render.capacity import (
    FRAME_S,
    HEADROOM,
    YARDSTICK_S,
    Capacity,
    StepCost,
    bounded,
)
from streaming.render.renderer import I420, Renderer
from streaming.render.vp8 import START_BITRATE, new_codec

WARM_UP = 2  # steps nobody counts: buffers are allocated and kernels chosen
TRIALS = 30
BATCH_TRIALS = 6  # the same for several callers: each step is a sample of every one of them
BUSY_TRIALS = 12  # for one caller while other cores encode, and while they do not
MOST_BUSY_CORES = 7
HIGH = 90  # percentile of what is repeated: the spread is part of it, one hiccup is not
YARDSTICKS, YARDSTICK_LOOP = 9, 20_000  # repetitions, numbers in each
LARGEST_BATCH = 128


def measure(renderer: Renderer) -> Capacity:
    """Time `renderer` and the encoder; takes less than a second."""
    first, pictures = _time_steps(renderer, 1, TRIALS)
    frames = _frames(pictures)
    encode = float(np.median(list(_encode(frames))))
    steps = [first]
    while steps[-1].callers < min(LARGEST_BATCH, FRAME_S * HEADROOM / steps[-1].each):
        steps.append(_time_steps(renderer, 2 * steps[-1].callers, BATCH_TRIALS)[0])
    budget = bounded(2 * first.seconds + encode)
    alone = _processor_seconds(renderer)
    with _encoding(frames, min(MOST_BUSY_CORES, usable_cores() - 1)) as times:
        among_others = _processor_seconds(renderer)
    stretch = max(1.0, among_others / alone)
    busy = [StepCost(s.callers, s.seconds * stretch, s.processor * stretch) for s in steps]
    encode = max(encode, float(np.median(times or [encode])))
    interpreter = yardstick() / YARDSTICK_S
    return Capacity(
        first.seconds, encode, budget, tuple(busy), usable_cores(), interpreter=interpreter
    )


def usable_cores() -> int:
    """Of this machine, for this program."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(affinity(0)) if affinity else os.cpu_count() or 1


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


def yardstick() -> float:
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
