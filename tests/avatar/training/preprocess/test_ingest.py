"""What cannot be learned from is refused before much is written; the rest is found again."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from avatar.errors import AvatarError
from avatar.training.preprocess.face_crop import Survey, choose_crops, find_cut
from avatar.training.preprocess.ingest import ingest
from avatar.training.preprocess.phase_cache import require_space
from avatar.training.preprocess.progress import silent
from tests.avatar.training.preprocess.made_video import RATE, portrait, talk, write_video
from tests.sounds import tone


def test_a_small_source_keeps_its_pixels(tmp_path: Path) -> None:
    image = portrait()
    video = write_video(tmp_path / "v.mkv", [image] * 30, None, tone(1.2, RATE))
    taken = ingest([video, video], tmp_path / "w", silent)
    side = taken.frames.shape[1]
    assert side % 16 == 0
    assert side <= 256
    assert taken.frames.shape == (60, side, side, 3)
    assert len(taken.sound) == 60 * 640
    assert taken.clip.tolist() == [0] * 30 + [1] * 30
    crop = taken.crops[256, 256]
    cut = image[crop.y : crop.y + side, crop.x : crop.x + side]
    assert np.abs(taken.frames[40].astype(int) - cut).mean() < 4


def test_the_work_is_done_once_and_again_for_another_video(tmp_path: Path) -> None:
    image = portrait()
    video = write_video(tmp_path / "v.mkv", [image] * 30, None, tone(1.2, RATE))
    first = ingest([video], tmp_path / "w", silent)
    calls: list[str] = []
    again = ingest([video], tmp_path / "w", lambda phase, *_: calls.append(phase))
    assert calls == []
    assert np.array_equal(first.frames, again.frames)
    other = write_video(tmp_path / "o.mkv", [image] * 20, None, tone(0.8, RATE))
    assert len(ingest([other], tmp_path / "w", silent).frames) == 20


def test_an_interrupted_copy_is_made_anew(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mkv", [portrait()] * 30, None, tone(1.2, RATE))

    def interrupt(phase: str, done: int, total: int) -> None:
        del total
        if phase == "crop" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest([video], tmp_path / "w", interrupt)
    assert not (tmp_path / "w" / "frames.npy").exists()
    taken = ingest([video], tmp_path / "w", silent)
    assert taken.frames[-1].any()


def test_512_square_stays_as_it_is() -> None:
    faces = [np.array([200.0, 200.0, 90.0])] * 4
    crops = choose_crops([Survey(Path("v"), (512, 512), faces=faces)])
    assert (crops[512, 512].x, crops[512, 512].side, crops[512, 512].size) == (0, 512, 512)


def test_a_large_source_is_cropped_round_the_head_and_scaled() -> None:
    faces = [np.array([900.0, 500.0, 240.0])] * 4
    crop = choose_crops([Survey(Path("v"), (1920, 1080), faces=faces)])[1920, 1080]
    assert crop.size == 512
    assert crop.side == 720
    assert crop.apply(np.zeros((1080, 1920, 3), np.uint8)).shape == (512, 512, 3)
    assert crop.x < 900 - 240 < 900 + 240 < crop.x + crop.side


def test_clips_of_different_size_share_one_output_size() -> None:
    large = Survey(Path("a"), (1920, 1080), faces=[np.array([900.0, 500.0, 240.0])])
    small = Survey(Path("b"), (360, 288), faces=[np.array([150.0, 140.0, 80.0])])
    crops = choose_crops([large, small])
    assert {crop.size for crop in crops.values()} == {240}
    assert crops[360, 288].side == 240
    assert crops[1920, 1080].side == 720


def _refused(tmp_path: Path, frames: list, match: str) -> None:
    video = write_video(tmp_path / "v.mkv", frames, None, tone(len(frames) / 25, RATE))
    with pytest.raises(AvatarError, match=match) as refusal:
        ingest([video], tmp_path / "w", silent)
    assert "\n" not in str(refusal.value)


def test_no_face_is_refused(tmp_path: Path) -> None:
    need_face = portrait()
    _refused(tmp_path, [np.full_like(need_face, 120)] * 20, "no face")


def test_several_people_are_refused(tmp_path: Path) -> None:
    _refused(tmp_path, [np.hstack([portrait(), portrait()])] * 20, "several people")


def test_a_cut_is_refused_with_its_time(tmp_path: Path) -> None:
    image = portrait()
    other = np.roll(255 - image // 2, 60, axis=1)
    _refused(tmp_path, [image] * 15 + [other] * 15, r"cut at 0\.60 s")


def test_a_jump_before_the_same_background_is_a_cut_too(tmp_path: Path) -> None:
    image = portrait()
    nearer = cv2.resize(image, None, fx=1.15, fy=1.15)[19 : 19 + 256, 19 : 19 + 256]
    _refused(tmp_path, [image] * 15 + [nearer] * 15, r"cut at 0\.60 s")


def test_a_quick_move_is_no_cut() -> None:
    frames = talk(80).frames[::4]
    thumbs = np.stack([cv2.resize(f, (32, 32), interpolation=cv2.INTER_AREA) for f in frames])
    assert find_cut(thumbs.astype(np.float32)) is None


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match="is not there"):
        ingest([tmp_path / "none.mp4"], tmp_path / "w", silent)


def test_a_full_disk_is_refused_with_the_sizes(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match=r"GiB free and the frames need .* GiB"):
        require_space(tmp_path, 1 << 60)
    require_space(tmp_path, 1)
