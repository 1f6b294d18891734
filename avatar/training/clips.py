"""A video of several clips: each is heard by itself, from its own beginning."""

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from avatar.audio import SAMPLES_PER_FRAME
from avatar.models.speech_encoder import SpeechEncoder
from avatar.models.speech_head import SpeechHead


@torch.inference_mode()
def clip_features(encoder: SpeechEncoder, sound: Tensor, clip: NDArray[np.int32]) -> Tensor:
    """Speech features (F, D) of all frames, each clip heard by itself."""
    rows, ahead = [], encoder.config.lookahead
    device = next(encoder.parameters()).device
    for start, end in clip_ranges(clip):
        piece = sound[start * SAMPLES_PER_FRAME : end * SAMPLES_PER_FRAME]
        piece = functional.pad(piece, (0, ahead * SAMPLES_PER_FRAME))
        rows.append(encoder(piece[None].to(device))[0, ahead:].float().cpu())
    return torch.cat(rows)


@torch.inference_mode()
def clip_codes(head: SpeechHead, features: Tensor, clip: NDArray[np.int32]) -> Tensor:
    """Lip codes (F, C) that the head predicts from features (F, D)."""
    device = next(head.parameters()).device
    return torch.cat(
        [
            head(head.windows(features[start:end].to(device))).cpu()
            for start, end in clip_ranges(clip)
        ]
    )


def clip_ranges(clip: NDArray[np.int32]) -> list[tuple[int, int]]:
    """First and end frame of each run of equal clip numbers."""
    borders = np.flatnonzero(np.diff(clip)) + 1
    edges = [0, *borders.tolist(), len(clip)]
    return list(pairwise(edges))
