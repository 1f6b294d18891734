"""People who talk on film: the mouths and the sounds of their clips, in step."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from avatar.audio import SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.files import replace_file
from avatar.media.samples import Samples
from avatar.media.sound_tracks import heard
from avatar.models.speech_encoder import SpeechEncoder
from avatar.rendering.speech_features import features_of
from avatar.training.encoder.face_shards import Person, find_sync
from avatar.training.encoder.faces import videos_by_person
from avatar.training.encoder.lip_measures import Measures, lip_measures, moved
from avatar.training.lip_reading.filmed_mouths import mouths_of_frames
from avatar.training.lip_reading.mouth_crops import Crops
from avatar.training.preprocess.clip_sound import read_voice
from avatar.training.preprocess.filmed_face import as_tracked
from avatar.training.preprocess.video_reader import Clip, count_picture, read_pictures

Seen = Callable[[str, int, int], None]
Talk = tuple[Crops, Samples, Measures]


@dataclass(frozen=True)
class TalkingPerson:
    """Somebody's clips; the sound's own offset is taken out."""

    name: str
    mouths: list[Crops]
    """Of each clip, (F, *CROP)."""
    features: list[Tensor]
    """What the speech encoder says of each clip's sound, (F, spoken)."""


def talking_people(
    folder: Path, kept: Path, encoder: SpeechEncoder, seen: Seen
) -> tuple[list[TalkingPerson], list[str]]:
    """Everybody in `folder`, a folder each, and what is said of what was left out.

    Mouths that were cut once lie in `kept`.  Raises AvatarError if `folder` holds no such folders.
    """
    clips = videos_by_person(folder)
    if not clips:
        raise AvatarError(f"{folder}: holds no folders of videos; give one with a folder a person")
    people, left_out = [], []
    done, total = 0, sum(map(len, clips.values()))
    for name, videos in clips.items():
        talks = []
        for video in videos:
            try:
                talks.append(_talk(video, kept / name / f"{video.stem}.npz"))
            except AvatarError as error:
                left_out.append(str(error))
            done += 1
            seen("mouths", done, total)
        if not talks:
            continue
        mouths, sounds, lips = (list(column) for column in zip(*talks, strict=True))
        sync = find_sync(Person(name, sounds, lips), encoder)
        if sync.found:
            features = [_in_step(encoder, sound, sync.offset) for sound in sounds]
            people.append(TalkingPerson(name, mouths, features))
        else:
            left_out.append(f"{name}: the lips do not follow the sound (r {sync.evidence:.2f})")
    return people, left_out


def _in_step(encoder: SpeechEncoder, sound: Samples, offset: float) -> Tensor:
    features = features_of(encoder, sound)[:, : encoder.config.spoken]
    return torch.from_numpy(moved(features, -offset))


def _talk(video: Path, kept: Path) -> Talk:
    if not kept.exists() or kept.stat().st_mtime < video.stat().st_mtime:
        mouths, sound, lips = _watched(video)
        with replace_file(kept) as path:
            np.savez(path, mouths=mouths, sound=(sound * 32767).astype(np.int16), lips=lips)
    with np.load(kept, allow_pickle=False) as arrays:
        return arrays["mouths"], arrays["sound"].astype(np.float32) / 32767, arrays["lips"]


def _watched(video: Path) -> Talk:
    """The first stretch of a clip on one clock."""
    recording, clips = heard(video), list[Clip]()
    frames = []
    for picture in read_pictures(recording):
        count_picture(clips, picture)
        if len(clips) > 1:
            break
        frames.append(as_tracked(picture.image))
    sound = read_voice(recording).beside(clips[0])
    mouths, landmarks = mouths_of_frames(np.stack(frames), video)
    count = len(sound) // SAMPLES_PER_FRAME
    return mouths[:count], np.clip(sound, -1, 1), lip_measures(landmarks[:count])
