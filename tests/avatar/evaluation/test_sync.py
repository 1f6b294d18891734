"""The sync score finds by how much mouths are late, for an expert that knows."""

from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.evaluation.sync import load_expert, sync_score
from avatar.models.sync_expert import MOUTH_FRAMES, MOUTH_SIZE, SyncExpert, SyncExpertConfig
from tests.avatar.evaluation.knowing_expert import KnowingExpert

FRAMES, FEATURES = 90, 4


@pytest.mark.parametrize("late", [-2, 0, 3])
def test_lag_is_found_and_clips_are_kept_apart(late: int) -> None:
    rng = np.random.default_rng(0)
    spoken = rng.uniform(0, 1, FRAMES).astype(np.float32)
    features = torch.from_numpy(spoken)[:, None].expand(-1, FEATURES)
    clip = np.repeat(np.array([0, 1], np.int32), FRAMES // 2)
    shown = np.concatenate([np.roll(part, late) for part in np.split(spoken, 2)])
    levels = np.round(shown * 255).astype(np.uint8)
    mouths = np.broadcast_to(levels[:, None, None, None], (FRAMES, 3, *MOUTH_SIZE)).copy()
    expert = KnowingExpert(SyncExpertConfig(features=FEATURES))
    found = sync_score(expert, mouths, np.arange(FRAMES), features, clip)
    assert found.lag_ms == 40 * late
    assert found.confidence > 0.5
    assert found.distance < 0.1


def test_expert_is_read_from_the_work_folder(tmp_path: Path) -> None:
    assert load_expert(tmp_path, FEATURES) is None
    expert = SyncExpert(SyncExpertConfig(features=FEATURES))
    modules = torch.nn.ModuleDict({"expert": expert})
    (tmp_path / "phases").mkdir()
    torch.save({"modules": modules.state_dict()}, tmp_path / "phases" / "sync.checkpoint")
    found = load_expert(tmp_path, FEATURES)
    assert found is not None
    speech = torch.rand(2, MOUTH_FRAMES, FEATURES)
    torch.testing.assert_close(found.embed_speech(speech), expert.eval().embed_speech(speech))
