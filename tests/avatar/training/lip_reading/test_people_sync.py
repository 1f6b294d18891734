"""A sync expert learns drawn people's lips, and knows those of a person that it never saw."""

from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.errors import AvatarError
from avatar.models.sync_expert import MOUTH_FRAMES
from avatar.rendering.speech_features import load_encoder
from avatar.training.fit import Budget, fit
from avatar.training.lip_reading.mouth_crops import CROP
from avatar.training.lip_reading.people_sync import PeopleSyncTask, found_again
from avatar.training.lip_reading.talking_people import TalkingPerson, talking_people
from tests.avatar.training.lip_reading.drawn_sentences import drawn_mouth

FRAMES = 30


def quiet(*_: object) -> None:
    pass


def drawn_person(name: str, seed: int, clips: int = 3) -> TalkingPerson:
    """Lips open as far as the first feature says; each person's skin has a shade of its own."""
    rng = np.random.default_rng(seed)
    opening = rng.uniform(0, 1, (clips, FRAMES))
    shade = rng.uniform(0.6, 1)
    mouths = [
        (shade * np.stack([drawn_mouth(gap) for gap in clip])).astype(np.uint8) for clip in opening
    ]
    heard = np.stack([opening, 1 - opening], axis=-1).astype(np.float32)
    return TalkingPerson(name, mouths, [*torch.from_numpy(heard)])


def test_lips_of_a_stranger_find_their_sound(tmp_path: Path) -> None:
    task = PeopleSyncTask([drawn_person(f"person{n}", n) for n in range(4)])
    fit(task, Budget(steps=40), tmp_path, 0, quiet)
    own, other = found_again(task.expert, drawn_person("stranger", 9))
    windows = (FRAMES - MOUTH_FRAMES) // 4
    assert other < 3 / windows  # chance is one of them
    assert own > 0.5


def test_the_key_changes_with_the_people() -> None:
    one, two = drawn_person("a", 0, 1), drawn_person("b", 0, 1)
    assert PeopleSyncTask([one]).key != PeopleSyncTask([two]).key
    assert PeopleSyncTask([one]).key == PeopleSyncTask([one]).key
    assert one.mouths[0].shape[1:] == CROP


def test_a_folder_without_people_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match="holds no folders of videos"):
        talking_people(tmp_path, tmp_path / "kept", load_encoder(), quiet)


def test_what_is_no_video_is_left_out_and_said(tmp_path: Path) -> None:
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "talk.mp4").write_bytes(b"no video")
    people, left_out = talking_people(tmp_path, tmp_path / "kept", load_encoder(), quiet)
    assert not people
    assert len(left_out) == 1
    assert "talk.mp4" in left_out[0]
