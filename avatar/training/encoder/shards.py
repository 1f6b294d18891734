"""Log-mels and targets on disk: made once, read whole into memory, mixed on the fly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from avatar.audio import SAMPLE_RATE
from avatar.files import replace_file
from avatar.media.samples import Samples
from avatar.models.log_mel import FLOOR, HOP, TAIL, LogMel
from avatar.training.encoder.articulation import phone_frames, tracks
from avatar.training.encoder.corpus import AlignedSpeech
from avatar.training.encoder.lip_measures import Measures
from avatar.training.encoder.teacher_tracks import teacher_tracks

DYNAMIC_RANGE = 30.0  # decibels below a voice's loudest that count as speaking
_DECIBELS = 10 / np.log(10)  # in a nat of power


@dataclass(frozen=True)
class Shard:
    """Utterances one after the other on one axis of 10 ms frames."""

    mels: NDArray[np.float16]
    """(N, mels) log-mels."""
    phones: NDArray[np.uint8]
    """(N,) index into PHONES, or UNKNOWN."""
    mouth: NDArray[np.float16]
    """(N, tracks + 1) articulation, then the energy; NaN where nobody knows."""
    starts: NDArray[np.int64]
    """(U + 1,) first frame of each utterance, and the end."""
    voices: NDArray[np.str_]
    """(U,) who speaks; no one (empty) in a noise."""

    def save(self, path: Path) -> None:
        """Write to `path`, whole or not at all."""
        with replace_file(path) as unfinished:
            np.savez(unfinished, **vars(self))

    @classmethod
    def load(cls, path: Path) -> Shard:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{name: arrays[name] for name in arrays.files})

    @property
    def hours(self) -> float:
        """How much sound it holds."""
        return len(self.mels) * HOP / SAMPLE_RATE / 3600


def log_mels(samples: Samples, mels: int) -> NDArray[np.float32]:
    """(S,) -> (ceil(S / 160), mels), as the encoder hears it after silence."""
    padded = np.pad(samples, (0, -len(samples) % HOP))
    with torch.inference_mode():
        mel, _ = LogMel(mels)(torch.from_numpy(padded)[None], torch.zeros(1, TAIL))
    result: NDArray[np.float32] = mel[0].numpy()
    return result


def loudness(mels: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T, mels) -> (T,) in 0..1: level against the loudest of this voice, over 50 ms."""
    power = np.exp(mels).mean(1) + FLOOR
    smooth = np.convolve(power, np.full(5, 0.2), mode="same")
    level = _DECIBELS * np.log(smooth + FLOOR)
    relative = 1 + (level - np.quantile(level, 0.95)) / DYNAMIC_RANGE
    return np.asarray(np.clip(relative, 0, 1), np.float32)


def pack(
    pairs: Iterable[tuple[AlignedSpeech, Samples]],
    mels: int,
    teach: Callable[[Samples], Measures] | None = None,
) -> Shard:
    """Clean utterances, and what is heard of each (its damaged sound), as one shard.

    With someone to teach it, the mouth does what lips are said to do (`LipTeacher.lips`).
    """
    heard, phones, mouths, starts, voices, taught = [], [], [], [0], [], []
    for spoken, sound in pairs:
        mel = log_mels(sound, mels)
        frames = len(mel)
        loud = loudness(log_mels(spoken.samples, mels))
        mouth = tracks(spoken.phones, frames, loud)
        heard.append(mel.astype(np.float16))
        phones.append(phone_frames(spoken.phones, frames))
        mouths.append(np.column_stack([mouth, loud]).astype(np.float16))
        starts.append(starts[-1] + frames)
        voices.append(spoken.voice)
        if teach is not None:
            taught.append(teach(spoken.samples))
    if taught:
        mouths = teacher_tracks(mouths, taught, voices)
    return Shard(
        np.concatenate(heard),
        np.concatenate(phones),
        np.concatenate(mouths),
        np.array(starts),
        np.array(voices),
    )
