"""One measurement: a process of its own renders for a while and says how long everything took.

Every measurement runs in fresh processes, each pinned to one core with one thread, so that neither
the caches nor the settings of another can help it.
"""

import functools
import multiprocessing
import queue
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np

from avatar.audio import SAMPLES_PER_FRAME
from avatar.benchmark.machine import pin_to
from avatar.benchmark.resized_speaker import resized
from avatar.benchmark.stopwatch import Stopwatch
from avatar.config import Preset
from avatar.errors import AvatarError
from avatar.rendering.pipeline import Asked, Pipeline, step_together
from avatar.rendering.reference_loop import ReferenceLoop
from avatar.speakers.card import MAX_FRAMES
from avatar.speakers.speaker import load_speaker

FEWEST_STEPS = {"realtime": 5, "paper": 2}  # however slow a step is
REFERENCE_FRAMES = {"realtime": MAX_FRAMES, "paper": 4}  # paper keeps whole frames: too large
PROCESS_TIMEOUT_S = 300  # seconds to wait for a process


@dataclass(frozen=True)
class BenchTask:
    """What one process measures."""

    speaker: Path
    preset: Preset
    device: str
    backend: str
    batches: tuple[int, ...]  # callers in a step, measured one after the other
    seconds: float  # for each
    speakers: int = 1  # that the callers are shared out to
    frame: int | None = None  # side in pixels, if not the speaker's own
    lips: float = 1.0  # sides of the lip box, against the speaker's own


@dataclass(frozen=True)
class Steps:
    """What one process found for one number of callers; times in seconds."""

    batch: int
    steps: list[float]
    stages: dict[str, list[float]]
    worked: float  # processor time of all steps
    ready: float  # from the start of loading to the first finished frame
    peak_mb: float
    backend: str  # that really drew
    frame: tuple[int, int]
    lip_box: tuple[int, int]


def run_steps(task: BenchTask, barrier: Barrier | None = None) -> list[Steps]:
    """Load the speaker, wait for the others at the barrier, and render for a while."""
    begun = time.perf_counter()
    watch = Stopwatch()
    pipelines = [_pipeline(task, watch) for _ in range(task.speakers)]
    first = _callers(pipelines, 1)
    while not any(step_together(first)):
        pass  # the look-ahead fills
    ready = time.perf_counter() - begun
    found = []
    for batch in task.batches:
        asked = _callers(pipelines, batch)
        while not any(step_together(asked)):
            pass
        if barrier is not None:
            barrier.wait(PROCESS_TIMEOUT_S)
        found.append(_time_steps(task, asked, watch, ready))
    return found


def measure(task: BenchTask, cores: Sequence[int]) -> list[list[Steps]]:
    """Run a task on each of `cores` at the same time: for each batch, what every core found."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(len(cores)), context.Queue()
    workers = [
        context.Process(target=_work, args=(task, core, barrier, results), daemon=True)
        for core in cores
    ]
    for worker in workers:
        worker.start()
    try:
        found = [results.get(timeout=PROCESS_TIMEOUT_S) for _ in workers]
    except queue.Empty:
        raise AvatarError("a measurement took too long; is the machine very busy?") from None
    finally:
        for worker in workers:
            worker.join(timeout=1)
            worker.kill()
    failures = [result for result in found if isinstance(result, str)]
    if failures:
        raise AvatarError(f"the measurement failed: {failures[0]}")
    return [list(column) for column in zip(*found, strict=True)]


def _pipeline(task: BenchTask, watch: Stopwatch) -> Pipeline:
    speaker = resized(load_speaker(task.speaker), task.preset, task.frame, task.lips)
    scene = functools.partial(ReferenceLoop, most=REFERENCE_FRAMES[task.preset])
    return Pipeline(speaker, task.device, 1, scene, watch.mark, task.backend)


def _callers(pipelines: Sequence[Pipeline], batch: int) -> list[Asked]:
    """Callers who all say something else, shared out to the speakers."""
    rng = np.random.default_rng(0)
    chunks = rng.normal(0, 0.1, (batch, SAMPLES_PER_FRAME)).astype(np.float32)
    shared = [pipelines[caller % len(pipelines)] for caller in range(batch)]
    return [(one, one.open(), chunk) for one, chunk in zip(shared, chunks, strict=True)]


def _time_steps(task: BenchTask, asked: Sequence[Asked], watch: Stopwatch, ready: float) -> Steps:
    step_together(asked)
    watch.forget()
    steps: list[float] = []
    worked = time.process_time()
    end = time.perf_counter() + task.seconds
    while time.perf_counter() < end or len(steps) < FEWEST_STEPS[task.preset]:
        watch.start()
        begun = time.perf_counter()
        step_together(asked)
        steps.append(time.perf_counter() - begun)
    worked = time.process_time() - worked
    pipeline = asked[0][0]
    x0, y0, x1, y1 = pipeline.speaker.card.lip_box
    return Steps(
        batch=len(asked),
        steps=steps,
        stages={name: list(times) for name, times in watch.seconds.items()},
        worked=worked,
        ready=ready,
        peak_mb=_peak_mb(),
        backend=pipeline.backend.name,
        frame=pipeline.size,
        lip_box=(x1 - x0, y1 - y0),
    )


def _work(
    task: BenchTask, core: int, barrier: Barrier, results: "Queue[list[Steps] | str]"
) -> None:
    pin_to(core)
    try:
        results.put(run_steps(task, barrier))
    except Exception as error:  # told to the parent, which waits for a result
        barrier.abort()
        results.put(f"{type(error).__name__}: {error}")


def _peak_mb() -> float:
    """Largest memory so far; 0 where the system does not say (Windows)."""
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
