"""Videos of any kind -> the face crop at 25 frames a second with the sound beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from avatar.audio import SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.files import replace_file
from avatar.media.orientation import fit
from avatar.media.recording import Recording, recording_of
from avatar.media.sound_tracks import heard
from avatar.training.preprocess.clip_sound import RecordedSound, Sound, read_voice
from avatar.training.preprocess.face_crop import Crop, Survey, choose_crops, survey
from avatar.training.preprocess.phase_cache import fingerprint, require_space, write_text
from avatar.training.preprocess.progress import Progress
from avatar.training.preprocess.video_reader import Image, expected_pictures, read_pictures

VERSION = 2
SHORTEST_CLIP = 25  # pictures: scraps beside longer recordings in the same file are left out
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
    audio_track: int | None = None,
) -> Ingested:
    """Write frames.npy, sound.npy and ingest.yaml, or find them.

    `crops` repeats the crops of an earlier ingest for sources of the same size.  Without sound
    (a silent take) sound.npy holds zeros; `audio_track` is which of several sound tracks is heard,
    from 1.  Raises AvatarError for unusable videos.
    """
    for video in videos:
        if not video.is_file():
            raise AvatarError(f"{video} is not there: check the path")
    settings = sorted((crops or {}).items()), with_sound, audio_track
    key = fingerprint(videos, VERSION, *settings)
    workdir.mkdir(parents=True, exist_ok=True)
    if not _whole(workdir, key):
        _ingest(videos, workdir, progress, crops, with_sound, audio_track, key)
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


@dataclass(frozen=True)
class _Source:
    """A video that was looked through, and its sound: one array for each of its clips."""

    recording: Recording
    survey: Survey
    sounds: list[Sound]


def _ingest(
    videos: list[Path],
    workdir: Path,
    progress: Progress,
    crops: Crops | None,
    with_sound: bool,
    audio_track: int | None,
    key: str,
) -> None:
    (workdir / "ingest.yaml").unlink(missing_ok=True)
    if with_sound:
        recordings = [heard(video, audio_track) for video in videos]
        voices = [read_voice(recording) for recording in recordings]
    else:
        recordings = [recording_of(video, None) for video in videos]
        voices = []
    surveys = _survey_all(recordings, progress)
    sources = [
        _Source(recording, found, _sounds(found, voice))
        for recording, found, voice in zip_longest(recordings, surveys, voices)
    ]
    sizes = {found.size for found in surveys}
    known = {size: crop for size, crop in (crops or {}).items() if size in sizes}
    output = next(iter(crops.values())).size if crops else None
    missing = [found for found in surveys if found.size not in known]
    chosen = known | (choose_crops(missing, output) if missing else {})
    _write_frames(sources, chosen, workdir, progress)
    sounds = [sound for source in sources for sound in source.sounds]
    _save(workdir / "sound.npy", np.concatenate(sounds))
    note = {
        "key": key,
        "clips": [len(sound) // SAMPLES_PER_FRAME for sound in sounds if len(sound)],
        "crops": [
            {"width": w, "height": h, "crop": [c.x, c.y, c.side, c.size]}
            for (w, h), c in sorted(chosen.items())
        ],
    }
    write_text(workdir / "ingest.yaml", yaml.safe_dump(note, sort_keys=False))


def _survey_all(recordings: list[Recording], progress: Progress) -> list[Survey]:
    expected = sum(expected_pictures(recording) for recording in recordings)
    surveys: list[Survey] = []
    for recording in recordings:
        before = sum(found.frames for found in surveys)

        def count(frames: int, before: int = before) -> None:
            progress("look through", before + frames, max(expected, before + frames))

        surveys.append(survey(recording, count))
    return surveys


def _sounds(found: Survey, voice: RecordedSound | None) -> list[Sound]:
    """The sound of each clip, empty for one that is not used."""
    if voice is None:
        return [np.zeros(clip.frames * SAMPLES_PER_FRAME, np.float32) for clip in found.clips]
    sounds = [voice.beside(clip) for clip in found.clips]
    if not any(map(len, sounds)):
        raise AvatarError(
            f"{found.path} has no sound beside its pictures: see with a player whether both go "
            "together, and mend it with ffmpeg"
        )
    longest = max(map(len, sounds))
    shortest = min(longest, SHORTEST_CLIP * SAMPLES_PER_FRAME)
    return [sound if len(sound) >= shortest else sound[:0] for sound in sounds]


def _write_frames(sources: list[_Source], crops: Crops, workdir: Path, progress: Progress) -> None:
    total = sum(len(sound) // SAMPLES_PER_FRAME for one in sources for sound in one.sounds)
    side = next(iter(crops.values())).size
    require_space(workdir, total * side * side * 3)
    with replace_file(workdir / "frames.npy") as temporary:
        frames = np.lib.format.open_memmap(  # type: ignore[no-untyped-call]
            temporary, mode="w+", dtype=np.uint8, shape=(total, side, side, 3)
        )
        done = 0
        for source in sources:
            crop = crops[source.survey.size]
            for image in _used_pictures(source):
                frames[done] = crop.apply(fit(image, source.survey.size))
                done += 1
                if done % 25 == 0:
                    progress("crop", done, total)
        progress("crop", total, total)
        frames.flush()


def _used_pictures(source: _Source) -> Iterator[Image]:
    """Of each clip as many as it has sound for."""
    left = {
        clip.span: len(sound) // SAMPLES_PER_FRAME
        for clip, sound in zip(source.survey.clips, source.sounds, strict=True)
    }
    for picture in read_pictures(source.recording):
        if left[picture.span]:
            left[picture.span] -= 1
            yield picture.image


def _save(path: Path, array: NDArray[np.float32]) -> None:
    with replace_file(path) as temporary:
        np.save(temporary, array)
