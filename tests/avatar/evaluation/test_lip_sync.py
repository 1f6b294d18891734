"""An expert that knows finds sound that was moved, and lips that do nothing."""

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from avatar.evaluation.lip_sync import MOVED_SOUND, OTHER_SOUND, lip_sync
from avatar.evaluation.mouths import TRUE_LIPS
from avatar.evaluation.table import sync_table
from avatar.models.sync_expert import SyncExpertConfig
from avatar.training.lip_reading.mouth_crops import CROP
from tests.avatar.evaluation.knowing_expert import KnowingExpert

FRAMES = 60


def _lit(levels: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.tile((255 * levels).astype(np.uint8)[:, None, None], (1, *CROP))


def test_moved_sound_and_still_lips_are_told_from_true_ones() -> None:
    spoken = np.random.default_rng(0).uniform(0, 1, (2, FRAMES, 1)).astype(np.float32)
    true = [_lit(clip[:, 0]) for clip in spoken]
    still = [np.full_like(mouths, 90) for mouths in true]
    expert = KnowingExpert(SyncExpertConfig(features=1, colours=1)).eval()
    sounds = [*torch.from_numpy(spoken)]
    found = lip_sync(expert, sounds, {TRUE_LIPS: true, "still mouth": still})
    rows = {row.name: row.score for row in found}
    assert list(rows) == [TRUE_LIPS, MOVED_SOUND, OTHER_SOUND, "still mouth"]
    assert rows[TRUE_LIPS].distance < 0.1
    assert rows[TRUE_LIPS].lag_ms == 0
    assert rows[MOVED_SOUND].lag_ms == -200
    for worse in (OTHER_SOUND, "still mouth"):
        assert rows[worse].confidence < rows[TRUE_LIPS].confidence - 0.3
    console = Console(width=120, record=True, file=None)
    console.print(sync_table("drawn", found))
    assert "-200" in console.export_text()
