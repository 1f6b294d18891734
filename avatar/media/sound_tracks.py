"""Which of a file's sound tracks is heard: the one that was asked for, or the first with sound."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from avatar.errors import AvatarError
from avatar.media.open_media import file_state, read_media
from avatar.media.recording import Recording, recording_of
from avatar.media.sound_reader import read_sound

SILENT_PEAK = 0.003  # of full scale: below this nothing was recorded
RATE = 16_000  # Hz, at which tracks are listened to


@dataclass(frozen=True)
class SoundTrack:
    """One of a file's sound tracks: FFmpeg's number of it, its own, and how many there are."""

    index: int
    number: int  # from 1
    count: int
    asked_for: bool

    def note(self, path: Path) -> str | None:
        """What is to be said where there was a choice."""
        if self.count == 1:
            return None
        why = "" if self.asked_for else ", the first with sound; --audio-track takes another"
        return f"{path}: hears sound track {self.number} of {self.count}{why}"


def sound_track(path: Path, wanted: int | None = None) -> SoundTrack:
    """The track `wanted`, counted from 1, or the first that is not silent throughout.

    Raises AvatarError if there is none.
    """
    state = file_state(path)
    return _chosen(path, wanted, state.st_size, state.st_mtime_ns)


def sound_track_notes(paths: Iterable[Path], wanted: int | None) -> list[str]:
    """What is to be said of all files with several sound tracks. Raises AvatarError."""
    notes = [sound_track(path, wanted).note(path) for path in paths]
    return [note for note in notes if note]


def heard(path: Path, wanted: int | None = None) -> Recording:
    """A file with its sound track chosen. Raises AvatarError if it has no sound."""
    return recording_of(path, sound_track(path, wanted).index)


@lru_cache(maxsize=64)
def _chosen(path: Path, wanted: int | None, size: int, changed: int) -> SoundTrack:
    del size, changed  # another file of the same name is listened to anew
    with read_media(path) as container:
        tracks = [stream.index for stream in container.streams.audio]
    if not tracks:
        raise AvatarError(f"{path} has no sound: give a file with a sound track")
    if wanted is not None and not 1 <= wanted <= len(tracks):
        raise AvatarError(f"{path}: --audio-track {wanted}: it has sound tracks 1 to {len(tracks)}")
    number = wanted or _first_with_sound(path, tracks)
    return SoundTrack(tracks[number - 1], number, len(tracks), wanted is not None)


def _first_with_sound(path: Path, tracks: list[int]) -> int:
    """From 1; the first if all are silent."""
    if len(tracks) > 1:
        for number, index in enumerate(tracks, start=1):
            pieces = read_sound(recording_of(path, index), RATE)
            if any(np.abs(piece.samples).max() >= SILENT_PEAK for piece in pieces):
                return number
    return 1
