"""A made speaker, trained once for all tests of training."""

import pytest

from avatar.training import other_voices, trainer
from avatar.training.trainer import Trained, train

from .made_speaker import quiet, request, small_encoder
from .made_video import made_video


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("tiny")
    tracked = made_video(folder / "video")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "preprocess", lambda *_: tracked)
        patch.setattr(trainer, "load_encoder", small_encoder)
        patch.setattr(other_voices, "SYNTHETIC", 8)
        patch.setattr(other_voices, "NOISES", 2)
        return train(request(folder), quiet, quiet)
