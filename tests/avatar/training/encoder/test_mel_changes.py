"""Changes on log-mels do what their names say."""

import numpy as np
import pytest
import torch

from avatar.models.log_mel import FLOOR
from avatar.training.encoder import mel_changes as change


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def speech(size: int = 8, frames: int = 400) -> torch.Tensor:
    return -9 + 2 * torch.randn(size, frames, 64, generator=generator())


def test_tempo_keeps_labels_with_their_sound() -> None:
    ramp = np.arange(300, dtype=np.float16)[:, None]
    mels, phones, mouth = change.at_tempo(ramp, ramp[:, 0].astype(np.uint8), ramp, 1.2, 200)
    np.testing.assert_allclose(mels[:, 0], np.arange(200) * 1.2, atol=0.1)
    np.testing.assert_allclose(mouth, mels)
    assert np.abs(phones - mels[:, 0] % 256).max() <= 0.6


def test_a_warp_moves_a_formant_by_at_most_a_quarter() -> None:
    mels = torch.full((64, 1, 64), -15.0)
    mels[:, :, 30] = 0
    peaks = change.warp_vocal_tract(mels, generator())[:, 0].argmax(-1)
    assert (peaks == 30).float().mean() > 0.4
    assert peaks.min() < 29 < 31 < peaks.max()
    assert (peaks - 30).abs().max() <= 6


@pytest.mark.parametrize("wanted", [0.0, 10.0, 25.0])
def test_noise_is_mixed_at_the_wanted_level(wanted: float) -> None:
    clean, noise = speech(), speech().roll(7, 1) - 3
    snr, absent = torch.full((8,), wanted), torch.zeros(8, dtype=torch.bool)
    mixed, trust = change.mix(clean, noise, snr, absent)
    added = (mixed.exp() - clean.exp()).clamp_min(FLOOR).log()
    assert (change.level(clean) - change.level(added) - wanted).abs().max() < 0.5
    assert trust[0] == pytest.approx(float(torch.sigmoid(torch.tensor(wanted / change.PASSAGE))))


def test_noise_alone_earns_no_trust() -> None:
    noise = speech() - 3
    mixed, trust = change.mix(speech(), noise, torch.zeros(8), torch.ones(8, dtype=torch.bool))
    torch.testing.assert_close(mixed, torch.log(noise.exp() + FLOOR))
    assert not trust.any()


def test_lost_packets_fall_silent_and_only_long_gaps_count() -> None:
    heard, lost = change.lose(speech(200), generator())
    hit = lost.any(1)
    assert 0.02 < hit.float().mean() < 0.2
    assert (heard[lost] < -10).float().mean() > 0.6


def test_nothing_falls_below_the_floor() -> None:
    quiet = change.gain(speech() - 8, 20.0, generator())
    assert quiet.min() >= np.log(FLOOR) - 1e-4


def test_near_widens_on_both_sides() -> None:
    where = torch.zeros(1, 20, dtype=torch.bool)
    where[0, 10] = True
    assert torch.nonzero(change.near(where, 3))[:, 1].tolist() == list(range(7, 14))
