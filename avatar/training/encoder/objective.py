"""What the encoder is asked for: phones, visemes, articulation, energy, reliability."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from avatar.models.encoder_state import EncoderState
from avatar.models.lip_closure import APERTURE, CLOSURE
from avatar.models.speech_encoder import DELAY, STRIDE, Heads, SpeechEncoder
from avatar.training.encoder.batches import Batch
from avatar.training.encoder.phones import VISEME_OF_PHONE

WEIGHTS = {"phone": 1.0, "viseme": 0.6, "articulation": 3.0, "energy": 0.3, "reliability": 0.4}
SMOOTHING = 0.05  # of the labels, since the phone times are not exact
CLOSURE_EMPHASIS = 2.0  # how much more the aperture counts while the lips are to be closed


def losses(encoder: SpeechEncoder, batch: Batch, state: EncoderState) -> dict[str, Tensor]:
    """Each part of the objective over a batch, every one a scalar; their weighted sum is `total`.

    The output of step s is compared with the sound of step s - DELAY. Speech that cannot be
    trusted counts less, for nobody could say what was said.
    """
    heads = _delayed(encoder.from_mels(batch.mels, state))
    steps = heads.phone.shape[1] * STRIDE
    phones = batch.phones[:, 1:steps:STRIDE]
    mouth = batch.mouth[:, :steps].unflatten(1, (-1, STRIDE)).mean(2)
    reliability = batch.reliability[:, :steps].unflatten(1, (-1, STRIDE)).mean(2)
    silent = (phones == 0).float()
    weight = torch.maximum(silent, reliability)
    visemes = torch.tensor(VISEME_OF_PHONE, device=phones.device)[phones]
    parts = {
        "phone": _weighted(_classes(heads.phone, phones), weight),
        "viseme": _weighted(_classes(heads.viseme, visemes), weight),
        "articulation": _weighted(_tracks(heads.articulation, mouth[..., :-1]), weight),
        "energy": _weighted(_binary(heads.energy[..., 0], mouth[..., -1]), weight),
        "reliability": _binary(heads.reliability[..., 0], reliability).mean(),
    }
    total = torch.stack([WEIGHTS[name] * part for name, part in parts.items()]).sum()
    return parts | {"total": total}


def _delayed(heads: Heads) -> Heads:
    return Heads(*(part[:, DELAY:] for part in vars(heads).values()))


def _classes(logits: Tensor, classes: Tensor) -> Tensor:
    return F.cross_entropy(
        logits.transpose(1, 2), classes, reduction="none", label_smoothing=SMOOTHING
    )


def _tracks(logits: Tensor, wanted: Tensor) -> Tensor:
    """Cross entropy against the tracks, above its least possible value."""
    loss = _binary(logits, wanted)
    emphasis = torch.ones_like(loss)
    emphasis[..., APERTURE] = 2.0 + CLOSURE_EMPHASIS * wanted[..., CLOSURE]
    return (loss * emphasis).mean(-1)


def _binary(logits: Tensor, wanted: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")


def _weighted(loss: Tensor, weight: Tensor) -> Tensor:
    return (loss * weight).sum() / weight.sum().clamp_min(1)
