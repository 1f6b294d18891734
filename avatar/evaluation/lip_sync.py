"""Do lips go with the sound?  As LSE-D and LSE-C tell, by an expert that learned from many people.

Beside the methods stand true lips with their sound moved, and with another clip's sound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from avatar.audio import FPS
from avatar.evaluation.mouths import TRUE_LIPS
from avatar.evaluation.sync import SyncScore, sync_score
from avatar.evaluation.test_set import EvaluationSet, speech_features
from avatar.models.sync_expert import SyncExpert
from avatar.models.word_reader import VIEW
from avatar.rendering.speech_features import load_encoder
from avatar.training.lip_reading.exchange import exchanged
from avatar.training.lip_reading.mouth_crops import MARGIN, Crops

LATE = 5  # frames by which a sound is moved
MOVED_SOUND = f"true lips, sound {LATE * 1000 // FPS} ms late"
OTHER_SOUND = "true lips, another clip's sound"


@dataclass(frozen=True)
class InSync:
    """How one method's lips go with the sound."""

    name: str
    score: SyncScore


def spoken_features(test_set: EvaluationSet) -> list[Tensor]:
    """What the shipped speech encoder says of each clip's sound, (F, spoken)."""
    encoder = load_encoder()
    return [rows[:, : encoder.config.spoken] for rows in speech_features(encoder, test_set.tracked)]


def lip_sync(
    expert: SyncExpert, sounds: list[Tensor], mouths: Mapping[str, Sequence[Crops]]
) -> list[InSync]:
    """Judge the mouths of every method (see `mouths_of_methods`), the true ones first.

    sounds (F, D) are features of each clip (see `spoken_features`).
    """
    true = mouths[TRUE_LIPS]
    moved = [torch.cat([rows[:1].expand(LATE, -1), rows[:-LATE]]) for rows in sounds]
    rows = [
        (TRUE_LIPS, true, sounds),
        (MOVED_SOUND, true, moved),
        (OTHER_SOUND, true, _other_sounds(sounds)),
        *((name, made, sounds) for name, made in mouths.items() if name != TRUE_LIPS),
    ]
    return [InSync(name, _score(expert, shown, heard)) for name, shown, heard in rows]


def _other_sounds(sounds: list[Tensor]) -> list[Tensor]:
    """Each clip's sound by another one's; that of a single clip moved by half of it."""
    if len(sounds) == 1:
        return [sounds[0].roll(len(sounds[0]) // 2, dims=0)]
    return exchanged(sounds)


def _score(expert: SyncExpert, mouths: Sequence[Crops], sounds: Sequence[Tensor]) -> SyncScore:
    """Mouths (F, *CROP) and features (F, D) of each clip; what one of them lacks is left out."""
    lengths = [min(len(a), len(b)) for a, b in zip(mouths, sounds, strict=True)]
    clip = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    seen = np.concatenate([rows[:n] for rows, n in zip(mouths, lengths, strict=True)])
    heard = torch.cat([rows[:n] for rows, n in zip(sounds, lengths, strict=True)])
    inner = seen[:, None, MARGIN : MARGIN + VIEW[0], MARGIN : MARGIN + VIEW[1]]
    return sync_score(expert, inner, np.arange(len(seen)), heard, clip)
