"""How fast a speaker renders: from new sound to the finished I420 frame.

Every measurement runs in fresh processes, each pinned to one core with one thread, so that neither
the caches nor the settings of another can help it.
"""

import multiprocessing
import queue
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np

from avatar.audio import SAMPLES_PER_FRAME
from avatar.config import Preset, model_config
from avatar.errors import AvatarError
from avatar.rendering.device import choose_device
from avatar.rendering.machine import Machine, allowed_cores, pin_to, this_machine
from avatar.rendering.pipeline import Pipeline
from avatar.rendering.reference_loop import ReferenceLoop
from avatar.rendering.speaker import Speaker, load_speaker, new_networks
from avatar.rendering.speaker_card import MAX_FRAMES
from avatar.rendering.stopwatch import Spread, Stopwatch, spread

BATCHES = (1, 2, 4, 8)
FEWEST_STEPS = 5  # however slow a step is
REFERENCE_FRAMES = {"realtime": MAX_FRAMES, "paper": 8}  # paper keeps whole frames: too large
PATIENCE = 300  # seconds to wait for a process


@dataclass(frozen=True)
class Task:
    """What one process measures."""

    speaker: Path
    preset: Preset
    device: str
    batch: int
    seconds: float


@dataclass(frozen=True)
class Steps:
    """What one process found; times in seconds."""

    steps: list[float]
    stages: dict[str, list[float]]
    worked: float  # processor time of all steps
    ready: float  # from the start of loading to the first finished frame
    peak_mb: float


@dataclass(frozen=True)
class Timing:
    """What was measured on some cores at once."""

    preset: Preset
    batch: int
    cores: int
    fps: float  # frames a second, all cores together
    step_ms: Spread
    cpu_ms: float  # processor time of a step, which other programs on the machine hardly change
    stages_ms: dict[str, Spread]
    peak_mb: float  # of one process
    ready_s: float  # from the start of loading to the first finished frame


@dataclass(frozen=True)
class PresetTimings:
    """All measurements of one preset."""

    fps: float  # on all cores allowed
    fps_one_core: float
    timings: list[Timing]


@dataclass(frozen=True)
class Benchmark:
    """The whole report."""

    realtime: PresetTimings
    paper: PresetTimings | None
    ratio_one_core: float | None  # realtime over paper, by frames a second
    ratio_cpu: float | None  # the same by processor time, which a busy machine hardly changes
    speaker: str
    frame: tuple[int, int]
    lip_box: tuple[int, int]
    device: str
    machine: Machine


def benchmark(
    folder: Path, device: str, seconds: float, compare: bool, told: Callable[[str], None]
) -> Benchmark:
    """Measure the speaker in `folder`, and beside it the `paper` preset at the same sizes."""
    card = load_speaker(folder).card
    machine = this_machine()
    realtime = _measure_preset(folder, "realtime", device, seconds, BATCHES, told)
    paper = _measure_preset(folder, "paper", device, seconds, (1,), told) if compare else None
    x0, y0, x1, y1 = card.lip_box
    return Benchmark(
        realtime=realtime,
        paper=paper,
        ratio_one_core=round(realtime.fps_one_core / paper.fps_one_core, 1) if paper else None,
        ratio_cpu=_ratio(paper, realtime),
        speaker=card.name,
        frame=card.size,
        lip_box=(x1 - x0, y1 - y0),
        device=device,
        machine=machine,
    )


def _ratio(slow: PresetTimings | None, fast: PresetTimings) -> float | None:
    return round(slow.timings[0].cpu_ms / fast.timings[0].cpu_ms, 1) if slow else None


def at_preset(speaker: Speaker, preset: Preset) -> Speaker:
    """The speaker with the networks of a preset; untrained ones where it has another itself.

    Time does not depend on what the weights are.
    """
    if speaker.card.model.preset == preset:
        return speaker
    model = speaker.card.model
    other = model_config(preset, model.speech_head.features, model.speech_head.code, model.lips.box)
    card = replace(speaker.card, model=other)
    return replace(speaker, card=card, networks=new_networks(card))


def run_steps(task: Task, barrier: Barrier | None = None) -> Steps:
    """Load the speaker, wait for the others at the barrier, and render for a while."""
    begun = time.perf_counter()
    watch = Stopwatch()
    speaker = at_preset(load_speaker(task.speaker), task.preset)
    scene = ReferenceLoop(speaker, choose_device(task.device), REFERENCE_FRAMES[task.preset])
    pipeline = Pipeline(speaker, task.device, 1, scene, watch.mark)
    streams = [pipeline.open() for _ in range(task.batch)]
    rng = np.random.default_rng(0)
    chunks = [rng.normal(0, 0.1, SAMPLES_PER_FRAME).astype(np.float32) for _ in streams]
    for _ in range(pipeline.lookahead_frames + 1):
        pipeline.step(streams, chunks)
    ready = time.perf_counter() - begun
    pipeline.step(streams, chunks)
    watch.forget()
    if barrier is not None:
        barrier.wait(PATIENCE)
    steps: list[float] = []
    worked = time.process_time()
    end = time.perf_counter() + task.seconds
    while time.perf_counter() < end or len(steps) < FEWEST_STEPS:
        watch.start()
        started = time.perf_counter()
        pipeline.step(streams, chunks)
        steps.append(time.perf_counter() - started)
    return Steps(steps, dict(watch.seconds), time.process_time() - worked, ready, _peak_mb())


def measure(task: Task, cores: Sequence[int]) -> Timing:
    """Run a task on each of `cores` at the same time, in processes of their own."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(len(cores)), context.Queue()
    workers = [
        context.Process(target=_work, args=(task, core, barrier, results), daemon=True)
        for core in cores
    ]
    for worker in workers:
        worker.start()
    try:
        found = [results.get(timeout=PATIENCE) for _ in workers]
    except queue.Empty:
        raise AvatarError("a measurement took too long; is the machine very busy?") from None
    finally:
        for worker in workers:
            worker.join(timeout=1)
            worker.kill()
    failures = [result for result in found if isinstance(result, str)]
    if failures:
        raise AvatarError(f"the measurement failed: {failures[0]}")
    return _combine(task, [one for one in found if isinstance(one, Steps)])


def _work(task: Task, core: int, barrier: Barrier, results: "Queue[Steps | str]") -> None:
    pin_to(core)
    try:
        results.put(run_steps(task, barrier))
    except Exception as error:  # told to the parent, which waits for a result
        barrier.abort()
        results.put(f"{type(error).__name__}: {error}")


def _combine(task: Task, found: list[Steps]) -> Timing:
    steps = [seconds for one in found for seconds in one.steps]
    stages = {
        name: spread([seconds for one in found for seconds in one.stages[name]])
        for name in found[0].stages
    }
    return Timing(
        preset=task.preset,
        batch=task.batch,
        cores=len(found),
        fps=round(sum(task.batch * len(one.steps) / sum(one.steps) for one in found), 2),
        step_ms=spread(steps),
        cpu_ms=round(1000 * sum(one.worked for one in found) / len(steps), 3),
        stages_ms=stages,
        peak_mb=round(max(one.peak_mb for one in found), 1),
        ready_s=round(max(one.ready for one in found), 2),
    )


def _measure_preset(
    folder: Path,
    preset: Preset,
    device: str,
    seconds: float,
    batches: Sequence[int],
    told: Callable[[str], None],
) -> PresetTimings:
    cores = allowed_cores()
    timings = []
    for batch in batches:
        told(f"{preset}, batch {batch}, one core")
        timings.append(measure(Task(folder, preset, device, batch, seconds), cores[-1:]))
    if len(cores) > 1 and device == "cpu":
        told(f"{preset}, batch 1, {len(cores)} cores")
        timings.append(measure(Task(folder, preset, device, 1, seconds), cores))
    best = max(timing.fps for timing in timings)
    return PresetTimings(timings[-1].fps if len(cores) > 1 else best, timings[0].fps, timings)


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
