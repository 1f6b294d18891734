"""What the encoder is asked for: phones, visemes, articulation, energy, reliability.

Lips that a camera saw, and a teacher's, are compared by correlation above all: a person's range and
rest are that person's own, so an error of gain or mean must not drown what moves.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from avatar.models.encoder_state import EncoderState
from avatar.models.lip_closure import APERTURE, CLOSURE
from avatar.models.speech_encoder import STRIDE, Heads, SpeechEncoder
from avatar.motion import TRACKS
from avatar.training.encoder.batches import Batch
from avatar.training.encoder.phones import UNKNOWN, VISEME_OF_PHONE

WEIGHTS = {
    "phone": 1.0,
    "viseme": 0.6,
    "articulation": 3.0,
    "movement": 3.0,
    "energy": 0.3,
    "reliability": 0.4,
    "anchor": 10.0,
}
SMOOTHING = 0.05  # of the labels, since the phone times are not exact
CLOSURE_EMPHASIS = 2.0  # how much more the aperture counts while the lips are to be closed
MISSED_CLOSURE = 0.9  # how much worse it is than one too many, which viewers forgive sooner
SEEN = 0.3  # weight of the error of lips that a camera saw, beside their correlation
HIDDEN = 0.03  # weight of the hidden states' drift beside that of what is said
MOVEMENTS = {"aperture": 1.0, "jaw": 0.3, "protrusion": 0.2}
STILL = 0.04  # a track that varies less in a window has no movement to follow


def losses(
    encoder: SpeechEncoder, batch: Batch, state: EncoderState, before: SpeechEncoder | None = None
) -> dict[str, Tensor]:
    """Each part of the objective over a batch, every one a scalar; their weighted sum is `total`.

    The output of step s is compared with the sound of step s - delay. Speech that cannot be
    trusted counts less, for nobody could say what was said. `before`: an encoder of any look-ahead
    whose word of the same sound is to be kept to.
    """
    heads = _undelayed(encoder.from_mels(batch.mels, state), encoder.config.delay)
    steps = heads.phone.shape[1] * STRIDE
    phones = batch.phones[:, 1:steps:STRIDE]
    mouth = batch.mouth[:, :steps].unflatten(1, (-1, STRIDE)).mean(2)
    reliability = batch.reliability[:, :steps].unflatten(1, (-1, STRIDE)).mean(2)
    known = phones != UNKNOWN
    weight = torch.maximum((phones == 0).float(), reliability)
    visemes = torch.tensor(VISEME_OF_PHONE, device=phones.device)[phones.where(known, 0)]
    articulation, energy = mouth[..., :-1], mouth[..., -1]
    shown = weight * torch.where(known, 1.0, SEEN)
    parts = {
        "phone": _weighted(_classes(heads.phone, phones.where(known, 0)), weight * known),
        "viseme": _weighted(_classes(heads.viseme, visemes), weight * known),
        "articulation": _weighted(_tracks(heads.articulation, articulation), shown),
        "movement": _movement(heads.articulation.sigmoid(), articulation, weight),
        "energy": _weighted(_binary(heads.energy[..., 0], energy), weight),
        "reliability": _weighted(
            _binary(heads.reliability[..., 0], reliability), (known | (reliability < 0.5)).float()
        ),
    }
    if before is not None:
        parts["anchor"] = _drift(heads, _heard(before, batch))
    total = torch.stack([WEIGHTS[name] * part for name, part in parts.items()]).sum()
    return parts | {"total": total}


@torch.no_grad()
def _heard(encoder: SpeechEncoder, batch: Batch) -> Heads:
    state = encoder.new_state(len(batch.mels))
    return _undelayed(encoder.from_mels(batch.mels, state), encoder.config.delay)


def _drift(heads: Heads, before: Heads) -> Tensor:
    """Mean squared difference of what two encoders say of the same steps (B, T or more)."""
    steps = min(heads.viseme.shape[1], before.viseme.shape[1])

    def apart(said: Callable[[Heads], Tensor]) -> Tensor:
        return F.mse_loss(said(heads)[:, :steps].float(), said(before)[:, :steps].float())

    return (
        apart(lambda heads: heads.viseme.softmax(-1))
        + apart(lambda heads: heads.articulation.sigmoid())
        + apart(lambda heads: heads.reliability.sigmoid())
        + HIDDEN * apart(lambda heads: heads.context)
    )


def _undelayed(heads: Heads, delay: int) -> Heads:
    return Heads(*(part[:, delay:] for part in vars(heads).values()))


def _classes(logits: Tensor, classes: Tensor) -> Tensor:
    return F.cross_entropy(
        logits.transpose(1, 2), classes, reduction="none", label_smoothing=SMOOTHING
    )


def _tracks(logits: Tensor, wanted: Tensor) -> Tensor:
    """Cross entropy (B, T) against the tracks that are known."""
    known = wanted.isfinite()
    wanted = wanted.where(known, 0.0)
    emphasis = known.float()
    emphasis[..., APERTURE] *= 2.0 + CLOSURE_EMPHASIS * wanted[..., CLOSURE]
    emphasis[..., CLOSURE] *= 1.0 + MISSED_CLOSURE * wanted[..., CLOSURE]
    return (_binary(logits, wanted) * emphasis).mean(-1)


def _movement(tracks: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    """One minus the correlation of each movement over its window, where the window has one."""
    parts = []
    for name, share in MOVEMENTS.items():
        true, made = (mouth[..., TRACKS.index(name)] for mouth in (wanted, tracks))
        heard = weight * true.isfinite()
        r, moves = _correlation(made, true.nan_to_num(), heard)
        parts.append(share * ((1 - r) * moves).sum() / moves.sum().clamp_min(1))
    return torch.stack(parts).sum()


def _correlation(made: Tensor, true: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted correlation (B,) of rows (B, T), and 1 for each row that moves enough for one."""
    total = weight.sum(1, keepdim=True).clamp_min(1e-6)

    def mean(values: Tensor) -> Tensor:
        return (weight * values).sum(1, keepdim=True) / total

    made, true = made - mean(made), true - mean(true)
    spread = mean(true.square())[:, 0]
    r = mean(made * true)[:, 0] * torch.rsqrt(spread * mean(made.square())[:, 0] + 1e-6)
    moves = (spread > STILL**2) & (total[:, 0] > 0.25 * made.shape[1])
    return r, moves.float()


def _binary(logits: Tensor, wanted: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")


def _weighted(loss: Tensor, weight: Tensor) -> Tensor:
    return (loss * weight).sum() / weight.sum().clamp_min(1)
