"""What a made speaker is trained with in tests."""

from pathlib import Path

import torch

from avatar.models.speech_encoder import EncoderConfig, SpeechEncoder
from avatar.training.request import TrainRequest

STEPS = 260


def small_encoder() -> SpeechEncoder:
    torch.manual_seed(1)
    encoder = SpeechEncoder(EncoderConfig(channels=32, hidden=16, dilations=(1, 2))).eval()
    with torch.no_grad():
        encoder.heads.bias[-1] = 4.0  # what it hears is trusted: eased to rest it says nothing
    return encoder


def quiet(*_: object) -> None:
    return None


def request(folder: Path, **changes: object) -> TrainRequest:
    values: dict[str, object] = {
        "videos": (), "name": "tiny", "consent": "nobody, drawn for a test",
        "speakers": folder / "speakers", "work": folder / "work", "steps": STEPS, "held_out": 0.2,
    }  # fmt: skip
    return TrainRequest(**(values | changes))  # type: ignore[arg-type]
