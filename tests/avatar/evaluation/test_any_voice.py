"""The default speaker, watched by a real face tracker while it answers held voices."""

from contextlib import closing
from pathlib import Path

import pytest

from avatar.errors import AvatarError
from avatar.evaluation import any_voice as module
from avatar.evaluation.any_voice import any_voice
from avatar.rendering.pipeline import Pipeline
from avatar.speakers.speaker import load_speaker
from avatar.training.preprocess.landmark_tracker import MediaPipeFaceMesh
from tests.support import need


def test_lips_follow_a_voice_and_rest_in_noise(
    speech_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("mediapipe", "flite")
    monkeypatch.setattr(module, "SYNTHETIC", 4)
    monkeypatch.setattr(module, "NOISE_SECONDS", 2.0)
    monkeypatch.setattr(module, "BABBLE", 3)
    with closing(MediaPipeFaceMesh()) as tracker:
        found = any_voice(Pipeline(load_speaker("demo")), speech_folder, tracker, lambda *_: None)
    assert found.recorded.voices == 1
    assert found.recorded.closed_on_pbm > 0.5
    assert found.recorded.open_on_open_vowels > 0.5
    assert set(found.motion) == {"silence", "white noise", "babble", "typing", "music"}
    assert found.motion["silence"] < 0.1


def test_a_folder_without_held_voices_is_refused(tmp_path: Path, speech_folder: Path) -> None:
    table = (speech_folder / "small.tsv").read_text().replace("\theld\t", "\ttrain\t")
    (tmp_path / "small.tsv").write_text(table)
    (tmp_path / "small").symlink_to(speech_folder / "small")
    with closing(MediaPipeFaceMesh()) as tracker, pytest.raises(AvatarError, match="held out"):
        any_voice(Pipeline(load_speaker("demo")), tmp_path, tracker, lambda *_: None)
