"""The benchmark measures what it says; nothing here asks how fast the machine is."""

from pathlib import Path

import numpy as np
import pytest

from avatar.errors import AvatarError
from avatar.rendering.bench import Task, at_preset, measure, run_steps
from avatar.rendering.machine import allowed_cores, this_machine
from avatar.rendering.speaker import Speaker
from avatar.rendering.stopwatch import spread

STAGES = {
    "speech encoder", "reference frame", "speech head", "lip generator", "C2O and paste",
    "Blend-Net", "compose",
}  # fmt: skip


def test_stages_add_up_to_the_step(tiny_bundle: Path) -> None:
    found = run_steps(Task(tiny_bundle, "realtime", "cpu", batch=2, seconds=0.2))
    assert set(found.stages) == STAGES
    assert {len(times) for times in found.stages.values()} == {len(found.steps)}
    stages = sum(sum(times) for times in found.stages.values())
    assert 0.8 * sum(found.steps) < stages <= sum(found.steps)
    assert found.worked > 0
    assert found.ready > 0


def test_processes_report_together(tiny_bundle: Path) -> None:
    cores = allowed_cores()[:2]
    timing = measure(Task(tiny_bundle, "realtime", "cpu", batch=1, seconds=0.1), cores)
    assert timing.cores == len(cores)
    assert timing.fps > 0
    assert timing.step_ms.p50 <= timing.step_ms.p95 <= timing.step_ms.p99


def test_a_failing_process_says_why(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match="not a speaker"):
        measure(Task(tmp_path, "realtime", "cpu", 1, 0.1), allowed_cores()[:1])


def test_paper_networks_stand_in_for_a_speaker(tiny: Speaker, tiny_paper: Speaker) -> None:
    paper = at_preset(tiny, "paper")
    assert paper.networks.lips.config.width == 256
    assert paper.networks.blend.config.whole_frame
    assert paper.networks.lips.config.box == tiny.networks.lips.config.box
    assert at_preset(tiny_paper, "paper") is tiny_paper


def test_spread() -> None:
    found = spread(np.linspace(0, 0.1, 101).tolist())
    assert (found.p50, found.p95, found.p99) == (50, 95, 99)


def test_machine_is_described() -> None:
    machine = this_machine()
    assert machine.cores >= 1
    assert machine.torch
