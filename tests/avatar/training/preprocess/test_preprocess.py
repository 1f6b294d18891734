"""A talking portrait with known motion, from the video file to the tracked head."""

import sys
from pathlib import Path

import numpy as np
import pytest

from avatar.errors import AvatarError
from avatar.training.preprocess import TrackedVideo, preprocess, track_with
from avatar.training.preprocess.geometry import into_head, project, transform, unproject
from avatar.training.preprocess.landmark_sets import LIPS
from avatar.training.reference import choose_reference, track_reference
from streaming import cli
from tests.avatar.training.preprocess.made_video import RATE, Talk, portrait, talk, write_video
from tests.sounds import tone

FRAMES = 520
POINTS = np.array([[118.0, 100], [148, 100], [131, 125], [124, 138], [139, 138], [131, 85]])


@pytest.fixture(scope="module")
def footage() -> Talk:
    return talk(FRAMES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, footage: Talk) -> Path:
    folder = tmp_path_factory.mktemp("tracked")
    write_video(folder / "v.mkv", footage.frames, None, tone(FRAMES / 25, RATE))
    preprocess([folder / "v.mkv"], folder / "w")
    return folder


@pytest.fixture(scope="module")
def tracked(folder: Path) -> TrackedVideo:
    return TrackedVideo.load(folder / "w")


def _errors(tracked: TrackedVideo, maps: np.ndarray, canonical_map: np.ndarray) -> np.ndarray:
    """Where points of the nose and brow are put in each frame less where they are: (F, N, 2)."""
    crop = tracked.crops[256, 256]

    def true(affine: np.ndarray) -> np.ndarray:
        return POINTS @ affine[:, :2].T + affine[:, 2] - (crop.x, crop.y)

    source = true(canonical_map)
    columns, rows = source.round().astype(int).T
    seen = unproject(source, tracked.depth[rows, columns].astype(float), tracked.camera)
    head = into_head(tracked.canonical_pose.astype(float), seen)
    found = project(transform(tracked.poses.astype(float), head), tracked.camera)
    return found - np.stack([true(affine) for affine in maps])


def test_known_motion_is_followed_to_a_fraction_of_a_pixel(
    tracked: TrackedVideo, footage: Talk
) -> None:
    error = _errors(tracked, footage.maps, footage.maps[tracked.canonical])
    assert np.sqrt(np.square(error).sum(-1).mean()) < 0.3
    assert np.sqrt(np.square(np.diff(error, axis=0)).sum(-1).mean()) < 0.1


def test_the_command_can_stop_once_the_video_is_tracked(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "track").symlink_to(folder / "w")
    words = [str(folder / "v.mkv"), "--name", "anna", "--consent", "Anna, 3 May", "--only-track"]
    monkeypatch.setattr(sys, "argv", ["avatar", "train", *words, "--work", str(work)])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 0
    assert "tracked" in capsys.readouterr().err
    assert (work / "request.yaml").is_file()
    assert not (work / "phases").exists()


def test_everything_is_there_and_fits_together(tracked: TrackedVideo) -> None:
    width, height = tracked.size
    assert len(tracked.frames) == FRAMES
    assert len(tracked.sound) == FRAMES * 640
    assert tracked.usable.all()
    assert tracked.depth.shape == tracked.head_mask.shape == (height, width)
    x0, y0, x1, y1 = tracked.lip_box
    assert tracked.lip_mask.shape == (y1 - y0, x1 - x0)
    lips = tracked.canonical_landmarks[LIPS]
    assert x0 < lips[:, 0].min() < lips[:, 0].max() < x1
    assert y0 < lips[:, 1].min() < lips[:, 1].max() < y1
    assert np.array_equal(tracked.poses[tracked.canonical], tracked.canonical_pose)
    assert tracked.aperture[tracked.canonical] <= np.percentile(tracked.aperture, 60)
    columns, rows = tracked.canonical_landmarks[[1, 9]].round().astype(int).T
    assert tracked.head_mask[rows, columns].min() == 1


def test_the_nose_is_nearer_than_the_cheeks(tracked: TrackedVideo) -> None:
    columns, rows = tracked.canonical_landmarks[[1, 50, 280]].round().astype(int).T
    nose, right, left = tracked.depth[rows, columns]
    assert nose < right - 0.15
    assert nose < left - 0.15


def test_a_second_call_finds_every_phase(folder: Path, tracked: TrackedVideo) -> None:
    phases: set[str] = set()
    again = preprocess([folder / "v.mkv"], folder / "w", lambda phase, *_: phases.add(phase))
    assert phases == {"motion map"}
    assert np.array_equal(again.poses, tracked.poses)


def test_more_footage_lands_in_the_same_canonical_space(
    folder: Path, tracked: TrackedVideo, footage: Talk
) -> None:
    part = slice(40, 90)
    write_video(folder / "more.mkv", footage.frames[part], None, tone(2, RATE))
    more = track_with(tracked, [folder / "more.mkv"], folder / "more")
    error = _errors(more, footage.maps[part], footage.maps[tracked.canonical])
    assert np.sqrt(np.square(error).sum(-1).mean()) < 0.3
    assert more.lip_box == tracked.lip_box


def test_the_reference_closes(tracked: TrackedVideo) -> None:
    chosen = choose_reference(tracked, 5)
    assert len(chosen) >= 50
    assert np.abs(tracked.poses[chosen[-1]] - tracked.poses[chosen[0]])[:3].max() < 0.02


def test_a_silent_take_becomes_the_reference(
    folder: Path, tracked: TrackedVideo, footage: Talk
) -> None:
    write_video(folder / "take.mkv", footage.frames[:125])
    frames, poses, openness = track_reference(folder / "take.mkv", tracked, folder / "take")
    assert len(frames) == len(poses) == len(openness) == 125
    assert np.abs(poses - tracked.poses[:125])[:, :3].max() < 0.02


def test_less_than_twenty_seconds_is_refused(tmp_path: Path) -> None:
    write_video(tmp_path / "v.mkv", [portrait()] * 50, None, tone(2, RATE))
    with pytest.raises(AvatarError, match="only 2 s of usable face: give at least 20 s"):
        preprocess([tmp_path / "v.mkv"], tmp_path / "w")


def test_an_empty_folder_holds_no_tracked_video(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match="no tracked video"):
        TrackedVideo.load(tmp_path)
