"""The speaker's own ear: speech features of the last frames -> f_s, the lip code of a frame.

The speech encoder in front is the same for all speakers; this small causal network learns how
*this* speaker moves.  Its output is supervised by the lip codes of the training video.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class SpeechHeadConfig:
    """Dimensions; they travel in the bundle."""

    features: int  # length of the encoder's vector, one a video frame
    code: int
    width: int = 64
    window: int = 12  # frames of history, the present one included
    dropout: float = 0.2


class SpeechHead(nn.Module):
    """Causal temporal convolutions over a window of features."""

    centre: Tensor
    scale: Tensor

    def __init__(self, config: SpeechHeadConfig) -> None:
        super().__init__()
        self.config = config
        self.enter = nn.Conv1d(config.features, config.width, 1)
        self.near = nn.Conv1d(config.width, config.width, 5)
        self.far = nn.Conv1d(config.width, config.width, config.window - 4)
        self.leave = nn.Linear(2 * config.width, config.code)
        self.dropout = nn.Dropout(config.dropout)
        self.register_buffer("centre", torch.zeros(config.features))
        self.register_buffer("scale", torch.ones(config.features))

    def forward(self, window: Tensor) -> Tensor:
        """window (B, config.window, features), oldest first -> lip code f_s (B, code)."""
        normal = (window - self.centre) / self.scale
        entered = functional.gelu(self.enter(self.dropout(normal).transpose(1, 2)))
        near = functional.gelu(self.near(self.dropout(entered)))
        far = functional.gelu(self.far(self.dropout(near)))
        return torch.as_tensor(self.leave(torch.cat([far[..., -1], near[..., -1]], dim=1)))


def history(features: Tensor, window: int) -> Tensor:
    """Rows (F, D) of one clip -> windows (F, window, D); the first row repeats into the past."""
    padded = torch.cat([features[:1].expand(window - 1, -1), features])
    return padded.unfold(0, window, 1).transpose(1, 2)
