"""What the training's own sync expert says: confidence and offset, as SyncNet reports them.

After Chung and Zisserman, "Out of time" (2016): mouth windows are compared with the speech at many
offsets; the best offset is the skew, and how far it stands out from the median the confidence.
Here the distance is one minus the cosine.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.audio import FPS
from avatar.models.sync_expert import MOUTH_FRAMES, SyncExpert, SyncExpertConfig

MAX_OFFSET = 15  # frames either way
BATCH = 64
PREFIX = "expert."


@dataclass(frozen=True)
class SyncScore:
    """What SyncNet's users call LSE-D and LSE-C, and the offset."""

    distance: float
    """Of mouth and speech at the best offset, 0..2: less is better."""
    confidence: float
    """By how much that stands out from the median of all offsets: more is better."""
    lag_ms: float
    """Positive: the mouth is late."""


def load_expert(work: Path, features: int) -> SyncExpert | None:
    """The expert that a training left in its work folder, for speech features of this length."""
    path = work / "phases" / "sync.checkpoint"
    if not path.exists():
        return None
    modules = torch.load(path, weights_only=True, map_location="cpu")["modules"]
    weights = {
        name.removeprefix(PREFIX): t for name, t in modules.items() if name.startswith(PREFIX)
    }
    expert = SyncExpert(SyncExpertConfig(features=features))
    expert.load_state_dict(weights)
    return expert.eval()


@torch.inference_mode()
def sync_score(
    expert: SyncExpert,
    mouths: NDArray[np.uint8],
    rows: NDArray[np.intp],
    features: Tensor,
    clip: NDArray[np.int32],
) -> SyncScore:
    """How well mouths go with speech.

    mouths (R, colours, h, w) are pictures of the frames `rows`; features (F, D) and clip (F,) those
    of the whole video.
    """
    starts = np.flatnonzero(
        (rows[MOUTH_FRAMES - 1 :] - rows[: -MOUTH_FRAMES + 1] == MOUTH_FRAMES - 1)
        & (clip[rows[MOUTH_FRAMES - 1 :]] == clip[rows[: -MOUTH_FRAMES + 1]])
    )
    seen = torch.cat(
        [_embed_mouths(expert, mouths, part) for part in np.array_split(starts, _parts(starts))]
    )
    heard = expert.embed_speech(features.unfold(0, MOUTH_FRAMES, 1).transpose(1, 2))
    first = rows[starts]
    distances = np.array(
        [_distance(seen, heard, first, clip, d) for d in range(-MAX_OFFSET, MAX_OFFSET + 1)]
    )
    best = int(np.nanargmin(distances))
    nearest = float(distances[best])
    lag = (MAX_OFFSET - best) * 1000 / FPS
    return SyncScore(nearest, float(np.nanmedian(distances)) - nearest, lag)


def _embed_mouths(
    expert: SyncExpert, mouths: NDArray[np.uint8], starts: NDArray[np.intp]
) -> Tensor:
    windows = mouths[starts[:, None] + np.arange(MOUTH_FRAMES)]
    return expert.embed_mouth(torch.from_numpy(windows).float() / 255)


def _distance(
    seen: Tensor, heard: Tensor, first: NDArray[np.intp], clip: NDArray[np.int32], offset: int
) -> float:
    """Mean distance of mouth windows that begin at `first` to the speech `offset` frames on."""
    there = first + offset
    inside = (there >= 0) & (there < len(heard))
    inside[inside] &= clip[there[inside]] == clip[first[inside]]
    inside[inside] &= clip[there[inside] + MOUTH_FRAMES - 1] == clip[first[inside]]
    if not inside.any():
        return float("nan")
    cosines = (seen[torch.from_numpy(inside)] * heard[torch.from_numpy(there[inside])]).sum(dim=1)
    return 1 - float(cosines.mean())


def _parts(starts: NDArray[np.intp]) -> int:
    return max(1, -(-len(starts) // BATCH))
