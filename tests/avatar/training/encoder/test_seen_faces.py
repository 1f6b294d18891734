"""Lips that a camera saw: measured, put beside their sound, and taught from."""

import sys
from pathlib import Path

import numpy as np
import pytest

from avatar.errors import AvatarError
from avatar.motion import TRACKS
from avatar.training.encoder.face_shards import Person, face_shard
from avatar.training.encoder.faces import read_people
from avatar.training.encoder.lip_measures import (
    MEASURES,
    SEEN_TRACKS,
    as_tracks,
    lip_measures,
    standardised,
)
from avatar.training.encoder.lip_teacher import learn
from avatar.training.encoder.phones import UNKNOWN
from avatar.training.encoder.teacher_tracks import teacher_tracks
from avatar.training.encoder.whisper_states import load_whisper
from avatar.training.preprocess.landmark_sets import (
    CHIN,
    LEFT_EYE,
    LEFT_MOUTH_CORNER,
    LOWER_INNER_LIP,
    RIGHT_EYE,
    RIGHT_MOUTH_CORNER,
    UPPER_INNER_LIP,
)

SYLLABLES = np.clip(np.sin(np.arange(100) / 3), 0, 1).astype(np.float32)


def face(opening: np.ndarray, size: float = 60.0) -> np.ndarray:
    """Landmarks (F, 478, 3) of a drawn face whose lips and chin follow `opening` (F,)."""
    points = np.zeros((len(opening), 478, 3), np.float32)
    points[:, LEFT_EYE, 0], points[:, RIGHT_EYE, 0] = size / 2, -size / 2
    points[:, LEFT_MOUTH_CORNER, 0], points[:, RIGHT_MOUTH_CORNER, 0] = size / 3, -size / 3
    points[:, UPPER_INNER_LIP, 1] = size
    points[:, LOWER_INNER_LIP, 1] = (size + 0.3 * size * opening)[:, None]
    points[:, CHIN, 1] = 1.5 * size + 0.3 * size * opening
    return points


def test_measures_do_not_know_how_near_the_camera_is() -> None:
    near, far = lip_measures(face(SYLLABLES, 200)), lip_measures(face(SYLLABLES, 50))
    np.testing.assert_allclose(near, far, atol=1e-4)
    assert np.corrcoef(near[:, MEASURES.index("aperture")], SYLLABLES)[0, 1] > 0.98


def test_a_frame_without_a_face_is_filled_in() -> None:
    points = face(SYLLABLES)
    points[40:43] = np.nan
    measures = lip_measures(points)
    assert np.isfinite(measures).all()
    assert np.abs(measures - lip_measures(face(SYLLABLES))).max() < 0.1


def test_tracks_are_in_the_persons_own_range_and_say_what_is_not_known() -> None:
    clips = [lip_measures(face(SYLLABLES)), lip_measures(face(0.5 * SYLLABLES))]
    for tracks in as_tracks(standardised(clips)):
        for name, column in zip(TRACKS, tracks.T, strict=True):
            if name in SEEN_TRACKS:
                assert 0 <= column.min() <= column.max() <= 1
            else:
                assert np.isnan(column).all()
        assert tracks[:, 0].max() > 0.7


def test_lips_are_moved_to_where_their_sound_is() -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 640 * len(SYLLABLES)).astype(np.float32)
    person = Person("anna", [sound], [lip_measures(face(SYLLABLES))])
    prompt, late = (face_shard(person, offset, 64).mouth[:, 0] for offset in (0.0, 2.0))
    np.testing.assert_allclose(late[8:], prompt[:-8], atol=1e-3)
    assert (face_shard(person, 0.0, 64).phones == UNKNOWN).all()


def test_a_teacher_learns_lips_from_states() -> None:
    random = np.random.default_rng(0)
    mixing = random.normal(size=(2, 8)).astype(np.float32)

    def hear(sound: np.ndarray) -> np.ndarray:
        level = np.abs(sound).reshape(-1, 640).mean(1)
        return np.column_stack([level, level**2]).astype(np.float32) @ mixing

    def person(name: str) -> Person:
        opening = [random.random(200).astype(np.float32) for _ in range(50)]
        return Person(name, [np.repeat(o, 640) for o in opening], [_lips(o) for o in opening])

    teacher = learn([(person("anna"), 0.0), (person("bob"), 0.0)], hear)
    stranger = random.random(200).astype(np.float32)
    said = teacher.lips(np.repeat(stranger, 640))
    assert np.corrcoef(said[:, 0], stranger)[0, 1] > 0.9


def _lips(opening: np.ndarray) -> np.ndarray:
    return np.repeat(opening[:, None], len(MEASURES), axis=1)


def test_a_taught_mouth_still_closes_on_p_b_m() -> None:
    rule = np.full((400, len(TRACKS) + 1), 0.5, np.float16)
    rule[:, TRACKS.index("closure")] = 0
    rule[100:110, TRACKS.index("closure")] = 1
    lips = [lip_measures(face(SYLLABLES)), lip_measures(face(SYLLABLES))]
    first, second = teacher_tracks([rule, rule], lips, ["anna", "anna"])
    np.testing.assert_array_equal(first, second)
    assert (first[100:110, 0] == 0).all()
    assert 0.72 < first[:, 0].max() < 0.78  # a fifth of what the rules say, the rest of the lips
    untaught = [n for n, name in enumerate(TRACKS) if name not in SEEN_TRACKS]
    np.testing.assert_array_equal(first[:, untaught], rule[:, untaught])


def test_what_cannot_be_learned_from_is_left_out_and_said(tmp_path: Path) -> None:
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "broken.mp4").write_text("no video")
    people, rejected = read_people(tmp_path, tmp_path / "kept", lambda *_: None)
    assert not people
    assert [row.what for row in rejected] == ["anna/broken.mp4", "anna"]
    assert "cannot be read" in rejected[0].why


def test_a_folder_without_videos_is_refused(tmp_path: Path) -> None:
    (tmp_path / "anna").mkdir()
    with pytest.raises(AvatarError, match="a folder a person"):
        read_people(tmp_path, tmp_path / "kept", lambda *_: None)


def test_without_faster_whisper_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(AvatarError, match=r"pip install .*\[teacher\]"):
        load_whisper("base")
