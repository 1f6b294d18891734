"""The benchmark measures what it says; nothing here asks how fast the machine is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.benchmark import bench
from avatar.benchmark.bench_steps import BenchTask, measure, run_steps
from avatar.benchmark.machine import allowed_cores, this_machine
from avatar.benchmark.resized_speaker import resized
from avatar.benchmark.stopwatch import spread
from avatar.errors import AvatarError
from avatar.i420 import to_rgb
from avatar.rendering.pipeline import Pipeline
from avatar.speakers.speaker import Speaker

pytestmark = [pytest.mark.realtime, pytest.mark.alone]  # takes times, on cores of its own

STAGES = {
    "speech encoder", "reference frame", "speech head", "lip generator", "C2O and paste",
    "Blend-Net", "colours",
}  # fmt: skip


@pytest.fixture
def task(tiny_bundle: Path) -> BenchTask:
    return BenchTask(tiny_bundle, "realtime", "cpu", "torch", batches=(1,), seconds=0.1)


def test_stages_add_up_to_the_step(task: BenchTask) -> None:
    one, two = run_steps(replace(task, batches=(1, 2), seconds=0.2))
    assert (one.batch, two.batch) == (1, 2)
    for found in (one, two):
        assert set(found.stages) == STAGES
        assert {len(times) for times in found.stages.values()} == {len(found.steps)}
        stages = sum(sum(times) for times in found.stages.values())
        assert 0.7 * sum(found.steps) < stages <= sum(found.steps)
        assert found.worked > 0
        assert found.ready > 0
        assert found.backend == "torch"


def test_callers_are_shared_out_to_speakers(task: BenchTask) -> None:
    (found,) = run_steps(replace(task, batches=(3,), speakers=2))
    assert found.batch == 3
    draws = len(found.stages["Blend-Net"]) / len(found.steps)
    assert draws == 2  # one for each speaker
    assert len(found.stages["speech encoder"]) == len(found.steps)  # one for all


def test_processes_report_together(task: BenchTask) -> None:
    cores = allowed_cores()[:2]
    ((*found,),) = measure(task, cores)
    assert len(found) == len(cores)
    assert all(one.steps for one in found)


def test_a_failing_process_says_why(task: BenchTask, tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match="not a speaker"):
        measure(replace(task, speaker=tmp_path), allowed_cores()[:1])


def test_the_report_compares_presets_and_sizes(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {
        "BATCHES": (1, 2),
        "LIP_SIZES": (0.5,),
        "FRAME_SIDES": (96,),
        "SPEAKERS": (2,),
        "SESSIONS": (1, 3),
    }
    monkeypatch.setattr(bench, "allowed_cores", lambda: allowed_cores()[:1])
    for name, values in few.items():
        monkeypatch.setattr(bench, name, values)
    told: list[str] = []
    plan = bench.Plan(tiny_bundle, backend="torch", seconds=0.02, compare=True, sweep=True)
    report = bench.benchmark(plan, told.append)
    assert told
    assert report.paper is not None
    single = [timing for timing in report.realtime.timings if timing.cores == 1]
    assert [timing.batch for timing in single] == [1, 2]
    assert report.realtime.backend == "torch"
    assert report.realtime.fps_one_core == single[0].fps
    assert report.ratio == pytest.approx(report.realtime.fps / report.paper.fps, rel=0.1)
    assert report.paper.timings[0].frame == report.realtime.timings[0].frame == (128, 128)
    sweeps = report.sweeps
    assert sweeps["lip size"][0].lip_box[0] < single[0].lip_box[0]
    assert sweeps["frame size"][0].frame == (96, 96)
    assert [timing.speakers for timing in sweeps["speakers"]] == [2]
    assert [timing.batch for timing in sweeps["sessions"]] == [1, 3]


def test_paper_networks_stand_in_for_a_speaker(tiny: Speaker, tiny_paper: Speaker) -> None:
    paper = resized(tiny, "paper")
    assert paper.networks.lips.config.width == 256
    assert paper.networks.blend.config.whole_frame
    assert paper.networks.lips.config.box == tiny.networks.lips.config.box
    assert resized(tiny_paper, "paper") is tiny_paper


def test_lips_and_frames_of_other_sizes(tiny: Speaker) -> None:
    x0, y0, x1, y1 = tiny.card.lip_box
    half = resized(tiny, "realtime", lips=0.5)
    assert half.networks.lips.config.box == ((y1 - y0) // 2, (x1 - x0) // 2)
    small = resized(tiny, "realtime", frame=96)
    pipeline = Pipeline(small, "cpu")
    assert pipeline.size == (96, 96)
    stream = pipeline.open()
    chunk = np.zeros(640, np.float32)
    picture = [pipeline.step([stream], [chunk])[0] for _ in range(3)][-1]
    assert picture is not None
    assert picture.i420.shape == (144, 96)
    # The very same pixels of the face stand in it, only less around them.
    x, y = x0 - small.card.lip_box[0], y0 - small.card.lip_box[1]
    whole, cut = (to_rgb(next(iter(one.reference()))) for one in (tiny, small))
    there = whole[y : y + 96, x : x + 96]  # the frame ends where the new one goes on
    rows, columns = there.shape[:2]
    assert np.abs(there.astype(int) - cut[:rows, :columns]).mean() < 3
    depth = tiny.canonical.depth[y : y + 96, x : x + 96]
    assert torch.equal(small.canonical.depth[:rows, :columns], depth)


def test_sizes_that_cannot_be(tiny: Speaker) -> None:
    with pytest.raises(AvatarError, match="multiple of 16"):
        resized(tiny, "realtime", frame=100)
    with pytest.raises(AvatarError, match="does not fit"):
        resized(tiny, "realtime", frame=32)


def test_spread() -> None:
    found = spread(np.linspace(0, 0.1, 101).tolist())
    assert (found.p50, found.p95, found.p99) == (50, 95, 99)


def test_machine_is_described() -> None:
    machine = this_machine()
    assert machine.cores >= 1
    assert machine.torch
