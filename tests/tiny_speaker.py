"""A speaker small enough for tests: a drawn face, real networks with small seeded weights."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from avatar.config import ModelConfig
from avatar.gestures import ExpressionName
from avatar.models.blend_net import BlendNet, BlendNetConfig
from avatar.models.lip_generator import LipGenerator, LipGeneratorConfig
from avatar.models.speech_encoder import EncoderConfig, SpeechEncoder
from avatar.models.speech_head import SpeechHead, SpeechHeadConfig
from avatar.models.warp import Camera
from avatar.speakers.canonical import Canonical
from avatar.speakers.card import TrainingRecord
from avatar.speakers.expressions import Expression
from avatar.speakers.save_bundle import BundleDetails, save_bundle
from avatar.speakers.speaker import Networks, ReferenceTrack

SIDE = 128  # pixels
FRAMES = 24
LIP_BOX = (38, 72, 90, 112)
DISTANCE = 12.0  # of the head from the camera, head units
CAMERA = Camera(focal=260.0, cx=SIDE / 2, cy=SIDE / 2)
ENCODER = EncoderConfig(mels=24, channels=24, hidden=16, dilations=(1, 2), phones=10)

ABOUT = BundleDetails(
    licence="CC0-1.0",
    consent="nobody: the face is drawn",
    source="tests",
    training=TrainingRecord(data="drawn", held_out=0.1, frames=FRAMES, steps=0, minutes=0.0),
)


def make_smiling_bundle(folder: Path) -> Path:
    """The same of a speaker that smiles."""
    return make_tiny_bundle(folder, expressions={"smile": tiny_smile()})


def tiny_smile() -> Expression:
    """The corners of the mouth go up and outwards by 4 px, and it gets lighter above them."""
    rows, columns = torch.meshgrid(torch.arange(24.0), torch.arange(48.0), indexing="ij")
    light = 0.1 * torch.exp(-((rows - 4) ** 2 + (columns - 24) ** 2) / 8)
    at_corner = [
        torch.exp(-((rows - 14) ** 2 + (columns - corner) ** 2) / 30) for corner in (10, 38)
    ]
    across, up = at_corner[0] - at_corner[1], at_corner[0] + at_corner[1]
    back = 4 * torch.stack([across, up])
    return Expression(torch.tensor([40, 76]), back, light.expand(3, -1, -1))


def make_tiny_bundle(
    folder: Path,
    preset: str = "realtime",
    lookahead: int = 2,
    expressions: Mapping[ExpressionName, Expression] = MappingProxyType({}),
) -> Path:
    """Write a bundle to `folder` (its last part is the speaker's name) and return it."""
    model = tiny_model(preset)
    poses = tiny_poses()
    there = list(range(FRAMES))
    save_bundle(
        folder,
        about=ABOUT,
        model=model,
        networks=tiny_networks(model, lookahead),
        canonical=tiny_canonical(),
        head_mask=_ellipse((SIDE, SIDE), (SIDE // 2, SIDE // 2), (44, 56)),
        track=ReferenceTrack(
            poses, torch.linspace(0, 1, FRAMES), torch.tensor(there + there[-2:0:-1])
        ),
        frames=(draw_face(pose) for pose in poses),
        preview=draw_face(poses[0]),
        expressions=expressions,
    )
    return folder


def tiny_model(preset: str = "realtime") -> ModelConfig:
    """Dimensions of the tiny speaker; `paper` keeps the authors' structure."""
    box = (LIP_BOX[3] - LIP_BOX[1], LIP_BOX[2] - LIP_BOX[0])
    head = SpeechHeadConfig(
        features=ENCODER.spoken, code=8, context=ENCODER.context, width=16, bottleneck=8, window=8,
        heard_aperture=14, heard_closure=16, voice=8,
    )  # fmt: skip
    if preset == "paper":
        lips = LipGeneratorConfig(
            code=8, box=box, lattice=box, width=32, layers=4, skip_layer=2, octaves=4,
            time_octaves=4, plane_channels=0, mean_residual=False, linear_part=False,
            corner_ensemble=True,
        )  # fmt: skip
        return ModelConfig("paper", head, lips, BlendNetConfig((8, 16), 1, whole_frame=True))
    lips = LipGeneratorConfig(
        code=8, box=box, lattice=box, width=32, layers=3, octaves=4, plane_channels=8
    )
    return ModelConfig("realtime", head, lips, BlendNetConfig((8, 16, 16), 2))


def tiny_networks(model: ModelConfig, lookahead: int = 2) -> Networks:
    """Networks with seeded weights; what they draw changes with the sound."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        networks = Networks(
            SpeechEncoder(replace(ENCODER, lookahead=lookahead)),
            SpeechHead(model.speech_head),
            LipGenerator(model.lips),
            BlendNet(model.blend),
        )
        torch.nn.init.normal_(networks.lips.colour.weight, std=0.05)
        if model.lips.linear_part:
            torch.nn.init.normal_(networks.lips.pictures, std=0.01)
        torch.nn.init.normal_(networks.blend.leave.weight, std=0.01)
        sound = torch.randn(1, 100 * 640) * torch.rand(100).repeat_interleave(640) * 0.4
        with torch.no_grad():
            features = networks.encoder.eval()(sound)[0, :, : ENCODER.spoken]
        networks.head.centre.copy_(features.mean(dim=0))
        networks.head.scale.copy_(features.std(dim=0).clamp_min(1e-4) / 3)
    x0, y0, x1, y1 = LIP_BOX
    face = torch.from_numpy(draw_face(tiny_poses()[0])).permute(2, 0, 1).float() / 255
    networks.lips.mean.copy_(face[None, :, y0:y1, x0:x1])
    for module in vars(networks).values():
        module.eval().requires_grad_(False)
    return networks


def tiny_canonical() -> Canonical:
    """Geometry of the drawn face: a shallow bowl turned towards the camera."""
    ys, xs = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    square = ((xs - SIDE / 2) ** 2 + (ys - SIDE / 2) ** 2) / (SIDE / 2) ** 2
    height, width = LIP_BOX[3] - LIP_BOX[1], LIP_BOX[2] - LIP_BOX[0]
    return Canonical(
        camera=CAMERA,
        pose=tiny_poses()[0],
        depth=DISTANCE + 0.5 * square,
        lip_box=LIP_BOX,
        lip_mask=_ellipse((height, width), (width // 2, height // 2), (20, 15)),
    )


def tiny_poses() -> torch.Tensor:
    """A head that sways: (FRAMES, 6), the first one frontal."""
    phase = torch.linspace(0, np.pi, FRAMES)
    still = torch.zeros(FRAMES)
    sway = 0.05 * phase.sin()
    return torch.stack([still, sway, still, 0.2 * phase.sin(), still, still + DISTANCE], dim=1)


def draw_face(pose: torch.Tensor) -> NDArray[np.uint8]:
    """A face (SIDE, SIDE, 3) RGB, moved sideways as `pose` says."""
    image = np.full((SIDE, SIDE, 3), (70, 100, 130), np.uint8)
    x = round(SIDE / 2 + CAMERA.focal * float(pose[3]) / DISTANCE)
    cv2.ellipse(image, (x, 64), (40, 52), 0, 0, 360, (224, 180, 150), -1, cv2.LINE_AA)
    for side in (-16, 16):
        cv2.circle(image, (x + side, 52), 6, (250, 250, 250), -1, cv2.LINE_AA)
        cv2.circle(image, (x + side, 52), 3, (40, 50, 70), -1, cv2.LINE_AA)
    cv2.line(image, (x, 56), (x - 3, 70), (190, 140, 120), 2, cv2.LINE_AA)
    cv2.ellipse(image, (x, 90), (14, 3), 0, 0, 360, (170, 70, 75), -1, cv2.LINE_AA)
    return image


def _ellipse(
    size: tuple[int, int], centre: tuple[int, int], radii: tuple[int, int]
) -> torch.Tensor:
    mask = np.zeros(size, np.float32)
    cv2.ellipse(mask, centre, radii, 0, 0, 360, 1.0, -1)
    return torch.from_numpy(cv2.GaussianBlur(mask, (0, 0), 2))
