"""In a pause lips part for breath, and for nothing else that is heard."""

import pytest
import torch

from avatar.models.lip_closure import APERTURE
from avatar.models.parted_lips import KEPT, LEAST, parted
from avatar.models.speech_encoder import EncoderConfig, Heads, SpeechEncoder


def opening(aperture: float, silence: float = 1.0, energy: float = 0.0) -> float:
    return float(parted(*map(torch.tensor, (aperture, silence, energy))))


def test_what_stands_out_of_a_pause_is_kept() -> None:
    assert opening(LEAST) == opening(0.0) == 0
    assert opening(LEAST + 0.2) == pytest.approx(KEPT * 0.2)


def test_sound_that_is_no_silence_keeps_them_together() -> None:
    assert opening(0.9, silence=0.0) == opening(0.9, energy=1.0) == 0
    assert opening(0.9, silence=0.5, energy=0.5) < 0.3 * opening(0.9)


@pytest.mark.parametrize("trusted", [False, True])
def test_the_encoder_parts_them_only_where_no_speech_is_trusted(trusted: bool) -> None:
    encoder = SpeechEncoder(EncoderConfig(channels=16, hidden=8, dilations=(1,))).eval()
    c = encoder.config
    viseme = torch.full((1, 20, c.visemes), -20.0)
    viseme[..., 0] = 20.0
    tracks = torch.full((1, 20, c.articulation), -20.0)
    tracks[..., APERTURE] = 0.0
    none, trust = torch.full((1, 20, 1), -20.0), torch.full((1, 20, 1), 20.0 if trusted else -20.0)
    heads = Heads(viseme, tracks, torch.zeros(1, 20, c.phones), none, trust, torch.ones(1, 20, 16))
    said = encoder.to_frames(heads, encoder.new_state())[0, -1]
    shown = said[encoder.layout["articulation"]]
    assert float(shown[APERTURE]) == pytest.approx(
        0.5 if trusted else KEPT * (0.5 - LEAST), abs=0.02
    )
    assert not shown[1:].round(decimals=3).any()
