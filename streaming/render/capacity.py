"""What this machine can do, measured at start-up: time for a picture, callers that fit."""

import os
import time
from dataclasses import dataclass

import av
import numpy as np

from avatar.audio import FPS, LOOKAHEAD_FRAMES, SAMPLES_PER_FRAME
from streaming.render.renderer import I420, Renderer
from streaming.render.vp8 import START_BITRATE, new_codec

FRAME_S = 1 / FPS  # between frames
WARM_UP = 2  # steps nobody counts: buffers are allocated and kernels chosen
TRIALS = 30
BATCH_TRIALS = 6  # the same for several callers: each step is a sample of every one of them
TRIAL_PERCENTILE = 75  # of the trials: one hiccup at start-up must not slow every call
TRANSPORT_S = 0.004  # a frame and caller: sound coding, packets, encryption, the event loop
CONVERSATION_S = 0.003  # a frame: voice activity, end of turn, pipecat's queues (docs/talk.md)
HEADROOM = 0.8  # part of the cores that callers may fill
MIN_BUDGET_S = 0.015  # what the operating system may take away at any time
MAX_BUDGET_S = 0.060  # beyond this a machine is too slow and pictures repeat instead
LARGEST_BATCH = 128


@dataclass(frozen=True)
class Capacity:
    """Measured on this machine with one speaker; times in seconds."""

    picture: float
    "One picture for one caller: sound to finished frame (75th percentile)."
    encode: float
    "One VP8 frame (median)."
    callers: int
    "Callers that can be served at 25 fps."
    budget: float
    "Time between the last sound a picture needs and its leaving: chosen once, for every session."

    @property
    def viewer(self) -> float:
        """What somebody who only looks at a call costs, in callers."""
        sending = self.encode + TRANSPORT_S
        return sending / (self.picture + sending)

    @property
    def conversation(self) -> float:
        """What a call costs more in which somebody talks with the face, in callers."""
        return CONVERSATION_S / (self.picture + self.encode + TRANSPORT_S)


def measure(renderer: Renderer) -> Capacity:
    """Time `renderer` and the encoder; takes less than a second."""
    picture, frames = _time_steps(renderer, 1, TRIALS)
    encode = _time_encoder(frames)
    callers = _most_callers(renderer, picture, encode)
    budget = min(MAX_BUDGET_S, max(MIN_BUDGET_S, 2 * picture + encode))
    return Capacity(picture=picture, encode=encode, callers=callers, budget=budget)


def _time_steps(renderer: Renderer, callers: int, trials: int) -> tuple[float, list[I420]]:
    streams = [renderer.open() for _ in range(callers)]
    noise = np.random.default_rng(0)
    times: list[float] = []
    frames: list[I420] = []
    for _ in range(LOOKAHEAD_FRAMES + WARM_UP + trials):
        chunk = noise.normal(0, 0.1, SAMPLES_PER_FRAME).astype(np.float32)
        begun = time.perf_counter()
        pictures = renderer.step(streams, [chunk] * callers)
        times.append(time.perf_counter() - begun)
        frames += [picture.i420 for picture in pictures[:1] if picture is not None]
    return float(np.percentile(times[-trials:], TRIAL_PERCENTILE)), frames


def _time_encoder(frames: list[I420]) -> float:
    height, width = frames[0].shape
    codec = new_codec(width, height * 2 // 3, START_BITRATE)
    times = []
    for i420 in frames:
        frame = av.VideoFrame.from_ndarray(i420, format="yuv420p")
        begun = time.perf_counter()
        codec.encode(frame)
        times.append(time.perf_counter() - begun)
    return float(np.median(times))


def _most_callers(renderer: Renderer, picture: float, encode: float) -> int:
    """Callers whose pictures fit into one tick, all cores together; at least one."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    callers, batch, each = 1, 1, picture
    while True:
        shared = cores * FRAME_S * HEADROOM / (each + encode + TRANSPORT_S)
        rendered = FRAME_S * HEADROOM / each
        fits = int(min(shared, rendered))
        callers = max(callers, min(fits, batch))
        if fits <= batch or batch >= LARGEST_BATCH:
            return max(callers, 1)
        batch *= 2
        each = _time_steps(renderer, batch, BATCH_TRIALS)[0] / batch
