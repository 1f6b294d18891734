"""How fast a speaker renders: from new sound to the finished I420 frame."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from avatar.benchmark.bench_steps import BenchTask, Steps, measure
from avatar.benchmark.machine import Machine, allowed_cores, this_machine
from avatar.benchmark.stopwatch import Spread, spread
from avatar.config import Preset
from avatar.rendering.backends.device import choose_device
from avatar.rendering.backends.registry import AUTO, PLAIN, quickest
from avatar.speakers.speaker import load_speaker

BATCHES = (1, 2, 4, 8)
LIP_SIZES = (0.5, 0.75, 1.0, 1.25)  # of the sides, against the speaker's own
FRAME_SIDES = (256, 512, 768, 1024)  # pixels, the lips as large as ever
SPEAKERS = (1, 2, 4)  # that as many callers as the last are shared out to
SESSIONS = (1, 4, 16, 64)

Told = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is to be measured."""

    speaker: Path
    device: str = "cpu"
    backend: str = AUTO
    seconds: float = 2.0  # for each figure
    compare: bool = False  # the `paper` preset beside it
    sweep: bool = False  # other sizes, more speakers, more sessions


@dataclass(frozen=True)
class Timing:
    """What was measured on some cores at once."""

    preset: Preset
    backend: str
    batch: int  # callers in a step
    cores: int
    speakers: int
    frame: tuple[int, int]
    lip_box: tuple[int, int]
    fps: float  # frames a second, all cores together
    step_ms: Spread
    cpu_ms: float  # processor time of a step, which other programs on the machine hardly change
    cpu_ms_frame: float  # the same for one caller's frame
    stages_ms: dict[str, Spread]
    peak_mb: float  # of one process
    ready_s: float  # from the start of loading to the first finished frame


@dataclass(frozen=True)
class PresetTimings:
    """All measurements of one preset."""

    fps: float  # on all cores allowed, one caller on each
    fps_one_core: float  # one caller
    backend: str  # that drew both
    timings: list[Timing]


@dataclass(frozen=True)
class Benchmark:
    """The whole report."""

    realtime: PresetTimings
    paper: PresetTimings | None
    ratio: float | None  # realtime over paper, by frames a second on all cores
    ratio_one_core: float | None
    ratio_cpu: float | None  # by processor time, which a busy machine hardly changes
    sweeps: dict[str, list[Timing]]
    speaker: str
    device: str
    machine: Machine
    load_after: float  # load average of the last minute when all was done


def benchmark(plan: Plan, told: Told) -> Benchmark:
    """Measure a speaker, and if asked the `paper` preset at the same sizes beside it."""
    card, machine = load_speaker(plan.speaker).card, this_machine()
    task = BenchTask(plan.speaker, "realtime", plan.device, _quick(plan), BATCHES, plan.seconds)
    realtime = _preset(task, _others(plan), told)
    paper = None
    if plan.compare:
        paper = _preset(replace(task, preset="paper", batches=(1,), backend=PLAIN), (), told)
    return Benchmark(
        realtime=realtime,
        paper=paper,
        ratio=round(realtime.fps / paper.fps, 1) if paper else None,
        ratio_one_core=round(realtime.fps_one_core / paper.fps_one_core, 1) if paper else None,
        ratio_cpu=_ratio_cpu(realtime, paper),
        sweeps=_sweeps(task, told) if plan.sweep else {},
        speaker=card.name,
        device=plan.device,
        machine=machine,
        load_after=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
    )


def _quick(plan: Plan) -> str:
    return quickest(choose_device(plan.device).type) if plan.backend == AUTO else plan.backend


def _others(plan: Plan) -> tuple[str, ...]:
    """Back ends measured beside the quickest one."""
    return (PLAIN,) if plan.backend == AUTO and _quick(plan) != PLAIN else ()


def _preset(task: BenchTask, others: Sequence[str], told: Told) -> PresetTimings:
    cores = allowed_cores()
    timings = []
    for backend in (task.backend, *others):
        told(f"{task.preset} by {backend}, one core")
        timings += _measure(replace(task, backend=backend), cores[-1:])
    single = timings[0]
    together = single
    if len(cores) > 1 and task.device == "cpu":
        told(f"{task.preset}, {len(cores)} cores")
        together = _measure(replace(task, batches=(1,)), cores)[0]
        timings.append(together)
    return PresetTimings(together.fps, single.fps, single.backend, timings)


def _sweeps(task: BenchTask, told: Told) -> dict[str, list[Timing]]:
    one = replace(task, batches=(1,))
    shared = replace(task, batches=(SPEAKERS[-1],))
    tasks = {
        "lip size": [replace(one, lips=lips) for lips in LIP_SIZES],
        "frame size": [replace(one, frame=side) for side in FRAME_SIDES],
        "speakers": [replace(shared, speakers=count) for count in SPEAKERS],
        "sessions": [replace(task, batches=SESSIONS)],
    }
    found: dict[str, list[Timing]] = {}
    for name, several in tasks.items():
        told(name)
        found[name] = [t for each in several for t in _measure(each, allowed_cores()[-1:])]
    return found


def _measure(task: BenchTask, cores: Sequence[int]) -> list[Timing]:
    return [_timing(task, found) for found in measure(task, cores)]


def _timing(task: BenchTask, found: list[Steps]) -> Timing:
    first = found[0]
    steps = [seconds for one in found for seconds in one.steps]
    cpu_ms = 1000 * sum(one.worked for one in found) / len(steps)
    return Timing(
        preset=task.preset,
        backend=first.backend,
        batch=first.batch,
        cores=len(found),
        speakers=task.speakers,
        frame=first.frame,
        lip_box=first.lip_box,
        fps=round(sum(one.batch * len(one.steps) / sum(one.steps) for one in found), 2),
        step_ms=spread(steps),
        cpu_ms=round(cpu_ms, 3),
        cpu_ms_frame=round(cpu_ms / first.batch, 3),
        stages_ms={
            name: spread([seconds for one in found for seconds in one.stages[name]])
            for name in first.stages
        },
        peak_mb=round(max(one.peak_mb for one in found), 1),
        ready_s=round(max(one.ready for one in found), 2),
    )


def _ratio_cpu(fast: PresetTimings, slow: PresetTimings | None) -> float | None:
    return round(slow.timings[0].cpu_ms / fast.timings[0].cpu_ms, 1) if slow else None
