"""The loop: budgets, checkpoints and resume."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from avatar.errors import AvatarError
from avatar.training import fit as fit_module
from avatar.training.fit import Budget, fit


class Line:
    """Fits y = 3 x, with dropout and drawn batches, so that randomness matters."""

    name = "line"

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.3), nn.Linear(8, 1))
        self.modules = nn.ModuleDict({"net": self.net})
        self.stop_at: int | None = None
        self.steps = 0

    def parameter_groups(self) -> list[dict[str, object]]:
        return [{"params": list(self.net.parameters()), "lr": 1e-2}]

    def losses(self, rng: torch.Generator, progress: float) -> dict[str, Tensor]:
        del progress
        if self.steps == self.stop_at:
            raise KeyboardInterrupt
        self.steps += 1
        x = torch.randn(16, 1, generator=rng)
        return {"error": (self.net(x) - 3 * x).square().mean()}


def quiet(phase: str, progress: float, losses: dict[str, float]) -> None:
    del phase, progress, losses


def test_losses_fall(tmp_path: Path) -> None:
    curve = fit(Line(), Budget(steps=200), tmp_path, 0, quiet)
    assert curve.losses["error"][-1] < 0.3 * curve.losses["error"][0]


def test_interrupted_and_resumed_gives_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit_module, "CHECKPOINT_SECONDS", 0.0)  # a checkpoint at every step
    straight = Line()
    fit(straight, Budget(steps=40), tmp_path / "straight", 5, quiet)
    broken = Line()
    broken.stop_at = 17
    with pytest.raises(KeyboardInterrupt):
        fit(broken, Budget(steps=40), tmp_path / "broken", 5, quiet)
    resumed = Line()
    fit(resumed, Budget(steps=40), tmp_path / "broken", 5, quiet)
    assert resumed.steps == 40 - 17
    for a, b in zip(straight.net.parameters(), resumed.net.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_finished_phase_is_not_repeated(tmp_path: Path) -> None:
    fit(Line(), Budget(steps=5), tmp_path, 0, quiet)
    again = Line()
    fit(again, Budget(steps=5), tmp_path, 0, quiet)
    assert again.steps == 0


def test_a_phase_begins_anew_if_the_one_before_it_learned_on(tmp_path: Path) -> None:
    fit(Line(), Budget(steps=5), tmp_path, 0, quiet, after=10)
    same, further = Line(), Line()
    assert fit(same, Budget(steps=5), tmp_path, 0, quiet, after=10).learned == 5
    assert same.steps == 0
    assert fit(further, Budget(steps=5), tmp_path, 0, quiet, after=20).learned == 5
    assert further.steps == 5


def test_time_budget_ends() -> None:
    budget = Budget(seconds=10)
    assert budget.progress(step=0, elapsed=5) == 0.5
    assert budget.progress(step=10_000, elapsed=11) == 1.0


class Broken(Line):
    """Its loss becomes no number after a while, or its weights do."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def losses(self, rng: torch.Generator, progress: float) -> dict[str, Tensor]:
        found = super().losses(rng, progress)
        if self.steps > 5 and self.how == "loss":
            found["error"] = found["error"] * torch.nan
        if self.steps > 5 and self.how == "weights":
            with torch.no_grad():
                self.net[0].weight[0] = torch.nan
        return found


@pytest.mark.parametrize("how", ["loss", "weights"])
def test_no_phase_goes_on_with_what_is_no_number(tmp_path: Path, how: str) -> None:
    with pytest.raises(AvatarError, match="broke down in the phase 'line'"):
        fit(Broken(how), Budget(steps=200), tmp_path, 0, quiet)
    assert not list(tmp_path.iterdir())


def test_a_single_bad_step_is_passed_over(tmp_path: Path) -> None:
    class Hiccup(Line):
        def losses(self, rng: torch.Generator, progress: float) -> dict[str, Tensor]:
            found = super().losses(rng, progress)
            return {"error": found["error"] * torch.nan} if self.steps == 7 else found

    task = Hiccup()
    fit(task, Budget(steps=50), tmp_path, 0, quiet)
    assert all(weights.isfinite().all() for weights in task.net.parameters())
