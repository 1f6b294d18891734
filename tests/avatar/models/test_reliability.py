"""Trust follows reliability quickly, rests quickly, and does not chatter."""

import torch

from avatar.models.reliability import smooth


def follow(*reliability: float, trust: float = 0.0) -> torch.Tensor:
    path, last = smooth(torch.tensor([reliability]), torch.tensor([trust]))
    assert torch.equal(path[:, -1], last)
    return path[0]


def test_trust_comes_within_two_frames_and_goes_within_three() -> None:
    assert follow(0.99, 0.99)[-1] > 0.85
    assert follow(0.02, 0.02, 0.02, trust=1.0)[-1] < 0.1


def test_doubt_keeps_the_present_state() -> None:
    doubtful = [0.67, 0.81] * 10
    assert follow(*doubtful).max() < 0.25
    assert follow(*doubtful, trust=1.0).min() > 0.6


def test_a_single_click_does_not_open_the_lips() -> None:
    assert follow(0.1, 0.8, 0.1, 0.1).max() < 0.3
