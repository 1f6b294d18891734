"""Sync expert: do these lips belong to this sound?

Speech2Lip (arXiv:2309.04814) section 3.4: two encoders, mouth window and speech window, trained by
InfoNCE on cosine similarity.  Positives stand at the same time, negatives at other times of the
same short video, so that identity, light and pose cannot tell them apart.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

MOUTH_FRAMES = 5
MOUTH_SIZE = (32, 48)  # height, width of the mouth pictures it sees
TEMPERATURE = 0.07


@dataclass(frozen=True)
class SyncExpertConfig:
    """Dimensions of the two encoders."""

    features: int
    embedding: int = 64
    width: int = 24
    colours: int = 3


class SyncExpert(nn.Module):
    """Embeds mouth windows and speech windows into one space."""

    def __init__(self, config: SyncExpertConfig) -> None:
        super().__init__()
        self.config = config
        w = config.width
        self.mouth = nn.Sequential(
            *_stage(config.colours * MOUTH_FRAMES, w), *_stage(w, 2 * w), *_stage(2 * w, 2 * w),
            nn.Flatten(), nn.Dropout(0.2),
            nn.Linear(2 * w * (MOUTH_SIZE[0] // 8) * (MOUTH_SIZE[1] // 8), config.embedding),
        )  # fmt: skip
        self.speech = nn.Sequential(
            nn.Flatten(), nn.LayerNorm(MOUTH_FRAMES * config.features), nn.Dropout(0.2),
            nn.Linear(MOUTH_FRAMES * config.features, 128), nn.GELU(),
            nn.Linear(128, config.embedding),
        )  # fmt: skip

    def embed_mouth(self, lips: Tensor) -> Tensor:
        """Lips (B, MOUTH_FRAMES, colours, h, w) in 0..1 -> unit vectors (B, embedding)."""
        small = functional.interpolate(
            lips.flatten(1, 2), MOUTH_SIZE, mode="bilinear", antialias=True
        )
        return functional.normalize(self.mouth(small - 0.5), dim=1)

    def embed_speech(self, features: Tensor) -> Tensor:
        """Speech features (B, MOUTH_FRAMES, D) -> unit vectors (B, embedding)."""
        return functional.normalize(self.speech(features), dim=1)


def contrastive_loss(mouth: Tensor, speech: Tensor) -> Tensor:
    """Symmetric InfoNCE of paired unit vectors (B, E): row i belongs to row i and to no other."""
    logits = mouth @ speech.T / TEMPERATURE
    labels = torch.arange(len(logits), device=logits.device)
    there = functional.cross_entropy(logits, labels)
    return (there + functional.cross_entropy(logits.T, labels)) / 2


def _stage(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
