"""A drawn speaker for all tests of the evaluation, and the work folder it was trained in."""

from pathlib import Path

import pytest
import torch

from avatar.config import ModelConfig
from avatar.models.blend_net import BlendNet, BlendNetConfig
from avatar.models.lip_generator import LipGenerator, LipGeneratorConfig
from avatar.models.speech_encoder import EncoderConfig, SpeechEncoder
from avatar.models.speech_head import SpeechHead, SpeechHeadConfig
from avatar.speakers.canonical import Canonical
from avatar.speakers.card import TrainingRecord
from avatar.speakers.save_bundle import BundleDetails, save_bundle
from avatar.speakers.speaker import Networks, ReferenceTrack, Speaker, load_speaker
from avatar.training.lip_data import build_lip_data
from avatar.training.preprocess import TrackedVideo
from tests.avatar.training.made_video import FRAMES, made_video

HELD_OUT = 0.3


def quiet(*_: object) -> None:
    pass


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    made_video(folder / "track")
    (folder / "phases").mkdir()
    tracked = TrackedVideo.load(folder / "track")
    build_lip_data(tracked, canonical(tracked), 8, HELD_OUT, folder / "phases", quiet)
    return folder


@pytest.fixture(scope="module")
def speaker(work: Path) -> Speaker:
    tracked = TrackedVideo.load(work / "track")
    x0, y0, x1, y1 = tracked.lip_box
    box = (y1 - y0, x1 - x0)
    torch.manual_seed(0)
    encoder = SpeechEncoder(EncoderConfig(channels=24, hidden=16, dilations=(1, 2)))
    model = ModelConfig(
        "realtime",
        SpeechHeadConfig(encoder.config.spoken, 8, width=8, window=8),
        LipGeneratorConfig(code=8, box=box, lattice=box, width=16, layers=2, plane_channels=4),
        BlendNetConfig((8, 8, 8), 2),
    )
    networks = Networks(
        encoder, SpeechHead(model.speech_head), LipGenerator(model.lips), BlendNet(model.blend)
    )
    save_bundle(
        work / "speakers" / "drawn",
        about=BundleDetails(
            "CC0-1.0",
            "nobody: it is drawn",
            "drawn",
            TrainingRecord("drawn", HELD_OUT, FRAMES, 0, 0),
        ),
        model=model,
        networks=networks,
        canonical=canonical(tracked),
        head_mask=torch.from_numpy(tracked.head_mask),
        track=ReferenceTrack(torch.from_numpy(tracked.poses[:5]), torch.zeros(5), torch.arange(5)),
        frames=iter(tracked.frames[:5]),
        preview=tracked.frames[0],
    )
    return load_speaker(work / "speakers" / "drawn")


def canonical(tracked: TrackedVideo) -> Canonical:
    return Canonical(
        tracked.camera,
        torch.from_numpy(tracked.canonical_pose),
        torch.from_numpy(tracked.depth),
        tracked.lip_box,
        torch.from_numpy(tracked.lip_mask),
    )
