"""One loop for every phase of training: a budget, a cosine schedule, checkpoints, resume.

Each step draws its randomness from the phase's seed and its own number, so a run that was
interrupted and resumed passes through the same states as one that was not.
"""

import contextlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from avatar.errors import AvatarError
from avatar.files import replace_file

CHECKPOINT_SECONDS = 60.0
MOST_FAULTS = 20
WARM_UP = 0.02  # share of a phase over which the learning rate rises

Report = Callable[[str, float, dict[str, float]], None]  # phase, progress 0..1, losses


@dataclass(frozen=True)
class Budget:
    """How long a phase may take: a number of steps, or seconds of this machine's time."""

    steps: int | None = None
    seconds: float | None = None

    def progress(self, step: int, elapsed: float) -> float:
        """How much of the phase is done, 0..1."""
        if self.steps is not None:
            return min(1.0, step / self.steps) if self.steps else 1.0
        return min(1.0, elapsed / self.seconds) if self.seconds else 1.0


class Task(Protocol):
    """A phase: what learns, how fast, and the losses of a step."""

    name: str
    modules: nn.ModuleDict

    def parameter_groups(self) -> list[dict[str, object]]:
        """Groups for the optimiser, each with its peak learning rate."""

    def losses(self, rng: torch.Generator, progress: float) -> dict[str, Tensor]:
        """Named losses of one step; their sum is minimised."""


@dataclass
class Curve:
    """Losses over the steps, thinned, for the report."""

    steps: list[int] = field(default_factory=list)
    losses: dict[str, list[float]] = field(default_factory=dict)
    learned: int = 0  # steps in all

    def add(self, step: int, values: dict[str, float]) -> None:
        """Note the losses of a step."""
        self.steps.append(step)
        for name, value in values.items():
            self.losses.setdefault(name, []).append(value)


def fit(
    task: Task, budget: Budget, folder: Path, seed: int, report: Report, after: int = 0
) -> Curve:
    """Train `task` to the end of its budget, going on from a checkpoint in `folder` if any.

    after: steps that its modules learned in phases before. A checkpoint that was begun after other
    ones is left alone: it would take back what was learned since.
    """
    optimiser = torch.optim.AdamW(task.parameter_groups(), betas=(0.9, 0.99), weight_decay=1e-4)
    peaks = [float(group["lr"]) for group in optimiser.param_groups]
    path = folder / f"{task.name}.checkpoint"
    step, spent, curve = _restore(path, task, optimiser, after)
    task.modules.train()
    started = saved = time.monotonic()
    faults = 0  # steps in a row without a loss that is a number
    while (progress := budget.progress(step, spent + time.monotonic() - started)) < 1:
        torch.manual_seed(seed * 1_000_003 + step)
        rng = torch.Generator().manual_seed(seed * 1_000_003 + step)
        for group, peak in zip(optimiser.param_groups, peaks, strict=True):
            group["lr"] = peak * min(1.0, progress / WARM_UP + 0.05) * _cosine(progress)
        values = _step(task, optimiser, rng, progress)
        faults = 0 if all(map(math.isfinite, values.values())) else faults + 1
        if faults == MOST_FAULTS:
            raise _broken_down(task)
        if step % 20 == 0:
            curve.add(step, values)
            report(task.name, progress, values)
        step += 1
        if time.monotonic() - saved > CHECKPOINT_SECONDS:
            saved = time.monotonic()
            curve.learned = step
            _save(path, task, optimiser, spent + saved - started, curve, after)
    curve.learned = step
    _save(path, task, optimiser, spent + time.monotonic() - started, curve, after)
    task.modules.eval()
    report(task.name, 1.0, {})
    return curve


def autocast(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """Mixed precision where the hardware multiplies bf16 itself."""
    if device.type == "cuda" or torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return torch.autocast(device.type, torch.bfloat16)
    return contextlib.nullcontext()


def draw(rng: torch.Generator, count: int, from_: Tensor) -> Tensor:
    """`count` random entries of a 1-D tensor."""
    return from_[torch.randint(len(from_), (count,), generator=rng)]


def _step(
    task: Task, optimiser: torch.optim.Optimizer, rng: torch.Generator, progress: float
) -> dict[str, float]:
    losses = task.losses(rng, progress)
    optimiser.zero_grad(set_to_none=True)
    total = torch.stack([loss.float() for loss in losses.values()]).sum()
    if not math.isfinite(float(total.detach())):
        return {name: float(loss.detach()) for name, loss in losses.items()}
    total.backward()
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    steepness = nn.utils.clip_grad_norm_(parameters, 1.0)
    if math.isfinite(float(steepness)):
        optimiser.step()
    return {name: float(loss.detach()) for name, loss in losses.items()}


def _cosine(progress: float) -> float:
    return 0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * progress))


def _save(
    path: Path, task: Task, optimiser: torch.optim.Optimizer, spent: float, curve: Curve, after: int
) -> None:
    if not all(bool(value.isfinite().all()) for value in task.modules.state_dict().values()):
        raise _broken_down(task)
    state = {
        "modules": task.modules.state_dict(),
        "optimiser": optimiser.state_dict(),
        "step": curve.learned,
        "after": after,
        "spent": spent,
        "curve": json.dumps({"steps": curve.steps, "losses": curve.losses}),
    }
    with replace_file(path) as temporary:
        torch.save(state, temporary)


def _broken_down(task: Task) -> AvatarError:
    return AvatarError(
        f"training broke down in the phase {task.name!r}: what it computes is no number any more; "
        "--resume goes on from before, another --seed begins anew"
    )


def _restore(
    path: Path, task: Task, optimiser: torch.optim.Optimizer, after: int
) -> tuple[int, float, Curve]:
    if not path.exists():
        return 0, 0.0, Curve()
    state = torch.load(path, weights_only=True, map_location="cpu")  # it may go on elsewhere
    if state.get("after", after) != after:
        return 0, 0.0, Curve()
    task.modules.load_state_dict(state["modules"])
    optimiser.load_state_dict(state["optimiser"])
    return state["step"], state["spent"], Curve(**json.loads(state["curve"]))
