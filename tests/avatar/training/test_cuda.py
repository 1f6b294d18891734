"""Training on a GPU: a true one where it is at hand, else one that is made believe."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.config import Preset
from avatar.models.speech_encoder import EncoderConfig, SpeechEncoder
from avatar.speakers.speaker import load_speaker
from avatar.training import other_voices
from avatar.training import trainer as trainer_module
from avatar.training.export import export
from avatar.training.preprocess.tracked_video import TrackedVideo
from avatar.training.report import write_report
from avatar.training.request import TrainRequest
from avatar.training.trainer import train

from .made_video import made_video

PHASES = ["depth", "speech", "head", "sync", "lips", "blend"]

pytestmark = pytest.mark.cuda


def small_encoder() -> SpeechEncoder:
    torch.manual_seed(1)
    return SpeechEncoder(EncoderConfig(channels=32, hidden=16, dilations=(1, 2))).eval()


def quiet(*_: object) -> None:
    return None


@pytest.fixture
def tracked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrackedVideo:
    video = made_video(tmp_path / "work" / "track")
    monkeypatch.setattr(trainer_module, "preprocess", lambda *_: video)
    monkeypatch.setattr(trainer_module, "load_encoder", small_encoder)
    monkeypatch.setattr(other_voices, "SYNTHETIC", 4)
    monkeypatch.setattr(other_voices, "NOISES", 2)
    return video


def request(folder: Path, device: str, preset: Preset, steps: int) -> TrainRequest:
    return TrainRequest(
        videos=(), name="tiny", consent="nobody, drawn for a test", speakers=folder / "speakers",
        work=folder / "work", steps=steps, held_out=0.2, device=device, preset=preset,
        other_voices=preset == "realtime" and shutil.which("flite") is not None,
    )  # fmt: skip


@pytest.mark.usefixtures("tracked")
@pytest.mark.parametrize("preset", ["realtime", "paper"])
def test_every_phase_learns_resumes_and_is_exported(
    preset: Preset, cuda: str, tmp_path: Path
) -> None:
    train(request(tmp_path, cuda, preset, 10), quiet, quiet)
    wanted = request(tmp_path, cuda, preset, 14)
    trained = train(wanted, quiet, quiet)
    assert list(trained.curves) == PHASES
    assert trained.networks.blend.leave.weight.device.type == "cuda"
    for curve in trained.curves.values():
        assert all(np.isfinite(values).all() for values in curve.losses.values())
    assert np.isfinite(float(str(write_report(trained, tmp_path / "report")["psnr_region"])))
    speaker = load_speaker(export(trained, wanted))
    assert speaker.card.model.preset == preset
    assert speaker.networks.blend.leave.weight.device.type == "cpu"
