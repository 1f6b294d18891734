"""Videos of any kind -> the face crop at 25 frames a second with the sound beside it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from avatar.audio import SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.training.preprocess.face_crop import Crop, Survey, choose_crops, survey
from avatar.training.preprocess.phase_cache import fingerprint, require_space, write_text
from avatar.training.preprocess.progress import Progress
from avatar.training.preprocess.sound_track import Sound, sound_beside
from avatar.training.preprocess.video_reader import expected_frames, read_frames, video_start

VERSION = 1
Crops = dict[tuple[int, int], Crop]


@dataclass(frozen=True)
class Ingested:
    """Pictures (F, H, W, 3) uint8, sound (640 F,), clip (F,) and the crop of every source size."""

    frames: NDArray[np.uint8]
    sound: Sound
    clip: NDArray[np.int32]
    crops: Crops
    key: str


def ingest(
    videos: list[Path],
    workdir: Path,
    progress: Progress,
    crops: Crops | None = None,
    with_sound: bool = True,
) -> Ingested:
    """Write frames.npy, sound.npy and ingest.yaml, or find them.

    `crops` repeats the crops of an earlier ingest for sources of the same size.  Without sound
    (a silent take) sound.npy holds zeros.  Raises AvatarError for unusable videos.
    """
    for video in videos:
        if not video.is_file():
            raise AvatarError(f"{video} is not there: check the path")
    key = fingerprint(videos, VERSION, sorted((crops or {}).items()), with_sound)
    workdir.mkdir(parents=True, exist_ok=True)
    if not _whole(workdir, key):
        _ingest(videos, workdir, progress, crops, with_sound, key)
    note = yaml.safe_load((workdir / "ingest.yaml").read_text(encoding="utf-8"))
    return Ingested(
        frames=np.load(workdir / "frames.npy", mmap_mode="r"),
        sound=np.load(workdir / "sound.npy"),
        clip=np.repeat(np.arange(len(note["clips"]), dtype=np.int32), note["clips"]),
        crops={(c["width"], c["height"]): Crop(*c["crop"]) for c in note["crops"]},
        key=key,
    )


def _whole(workdir: Path, key: str) -> bool:
    note = workdir / "ingest.yaml"
    if not (note.exists() and (workdir / "frames.npy").exists()):
        return False
    return bool(yaml.safe_load(note.read_text(encoding="utf-8"))["key"] == key)


def _ingest(
    videos: list[Path],
    workdir: Path,
    progress: Progress,
    crops: Crops | None,
    with_sound: bool,
    key: str,
) -> None:
    (workdir / "ingest.yaml").unlink(missing_ok=True)
    surveys = _survey_all(videos, progress)
    sounds = [_sound(found, with_sound) for found in surveys]
    sizes = {s.size for s in surveys}
    known = {size: crop for size, crop in (crops or {}).items() if size in sizes}
    output = next(iter(crops.values())).size if crops else None
    missing = [s for s in surveys if s.size not in known]
    chosen = known | (choose_crops(missing, output) if missing else {})
    counts = [len(sound) // SAMPLES_PER_FRAME for sound in sounds]
    _write_frames(surveys, counts, chosen, workdir, progress)
    _save(workdir / "sound.npy", np.concatenate(sounds))
    note = {
        "key": key,
        "clips": counts,
        "crops": [
            {"width": w, "height": h, "crop": [c.x, c.y, c.side, c.size]}
            for (w, h), c in sorted(chosen.items())
        ],
    }
    write_text(workdir / "ingest.yaml", yaml.safe_dump(note, sort_keys=False))


def _survey_all(videos: list[Path], progress: Progress) -> list[Survey]:
    expected = [expected_frames(video) for video in videos]
    surveys: list[Survey] = []
    for video in videos:
        before = sum(s.frames for s in surveys)

        def count(frames: int, before: int = before) -> None:
            progress("look through", before + frames, max(sum(expected), before + frames))

        surveys.append(survey(video, count))
    return surveys


def _sound(found: Survey, with_sound: bool) -> Sound:
    if not with_sound:
        return np.zeros(found.frames * SAMPLES_PER_FRAME, np.float32)
    return sound_beside(found.path, video_start(found.path), found.frames)


def _write_frames(
    surveys: list[Survey], counts: list[int], crops: Crops, workdir: Path, progress: Progress
) -> None:
    side, total = next(iter(crops.values())).size, sum(counts)
    require_space(workdir, total * side * side * 3)
    partial = workdir / "frames.npy.part"
    frames = np.lib.format.open_memmap(  # type: ignore[no-untyped-call]
        partial, mode="w+", dtype=np.uint8, shape=(total, side, side, 3)
    )
    done = 0
    for found, count in zip(surveys, counts, strict=True):
        crop = crops[found.size]
        for image, _ in zip(read_frames(found.path), range(count), strict=False):
            frames[done] = crop.apply(image)
            done += 1
            if done % 25 == 0:
                progress("crop", done, total)
    progress("crop", total, total)
    frames.flush()
    partial.replace(workdir / "frames.npy")


def _save(path: Path, array: NDArray[np.float32]) -> None:
    partial = path.with_suffix(".npy.part")
    with partial.open("wb") as file:
        np.save(file, array)
    partial.replace(path)
