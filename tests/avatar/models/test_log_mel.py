"""Log-mels and their running mean: causal, level-true, calm in silence."""

import math

import pytest
import torch

from avatar.audio import SAMPLE_RATE
from avatar.models.log_mel import FLOOR, HOP, TAIL, LogMel
from avatar.models.running_mean import MeanState, RunningMean

MELS = 64


def log_mel(samples: torch.Tensor) -> torch.Tensor:
    return LogMel(MELS)(samples[None], torch.zeros(1, TAIL))[0][0]


def test_white_noise_reads_its_variance_in_every_band() -> None:
    noise = 0.1 * torch.randn(5 * SAMPLE_RATE, generator=torch.Generator().manual_seed(0))
    power = log_mel(noise).exp().mean(0)
    assert power[2:].log().sub(math.log(0.01)).abs().max() < 0.35


def test_silence_reads_the_floor() -> None:
    assert log_mel(torch.zeros(10 * HOP)).eq(math.log(FLOOR)).all()


@pytest.mark.parametrize("hertz", [150.0, 800.0, 3000.0, 7000.0])
def test_a_tone_lands_in_its_own_band(hertz: float) -> None:
    times = torch.arange(SAMPLE_RATE) / SAMPLE_RATE
    bands = LogMel(MELS).bands
    loudest = int(log_mel(torch.sin(2 * math.pi * hertz * times))[50].argmax())
    centre = int(bands[:, loudest].argmax()) * SAMPLE_RATE / 512
    assert abs(centre - hertz) < 0.06 * hertz + 25


def test_a_frame_hears_nothing_that_comes_after_it() -> None:
    sound = torch.randn(20 * HOP, generator=torch.Generator().manual_seed(0))
    changed = sound.clone()
    changed[10 * HOP :] = 0
    torch.testing.assert_close(log_mel(sound)[:10], log_mel(changed)[:10])


def fresh() -> MeanState:
    return MeanState(torch.zeros(1, MELS), torch.zeros(1))


def test_a_microphones_colour_is_taken_away() -> None:
    colour = torch.linspace(-3, 3, MELS)
    speech = -8 + torch.randn(1, 1000, MELS, generator=torch.Generator().manual_seed(0))
    plain, coloured = (RunningMean(MELS)(mels, fresh()) for mels in (speech, speech + colour))
    assert (plain - coloured)[:, 500:].abs().max() < 0.3


def test_silence_does_not_move_the_mean() -> None:
    state, mean = fresh(), RunningMean(MELS)
    speech = torch.full((1, 300, MELS), -8.0)
    mean(speech, state)
    before = mean(speech[:, :1], state)
    mean(torch.full((1, 100, MELS), math.log(FLOOR)), state)
    after = mean(speech[:, :1], state)
    assert (before - after).abs().max() < 0.2
