"""People who were filmed talking -> shards: what is heard, and what the lips did meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatar.media.samples import Samples
from avatar.models.speech_encoder import SpeechEncoder
from avatar.rendering.speech_features import features_of
from avatar.training.av_offset import EVIDENCE, av_offset, correlation_at
from avatar.training.encoder.closures import FRAME
from avatar.training.encoder.lip_measures import (
    Measures,
    as_tracks,
    at_mel_rate,
    standardised,
)
from avatar.training.encoder.phones import UNKNOWN
from avatar.training.encoder.shards import Shard, log_mels, loudness

APERTURE = 0  # of the measures


@dataclass(frozen=True)
class Person:
    """Somebody who talks in some clips."""

    name: str
    sounds: list[Samples]
    """Of each clip, (640 F,)."""
    lips: list[Measures]
    """Of each clip, (F, measures) as they were seen."""

    @property
    def seconds(self) -> float:
        """Of talk in all."""
        return sum(len(clip) for clip in self.lips) * FRAME / 100


@dataclass(frozen=True)
class Sync:
    """How the sound of a person's clips lies beside their pictures."""

    offset: float
    """Frames by which the sound comes late."""
    evidence: float
    """Correlation of lips and sound there."""

    @property
    def found(self) -> bool:
        """Do the lips follow the sound at all?"""
        return self.evidence >= EVIDENCE


def find_sync(person: Person, encoder: SpeechEncoder) -> Sync:
    """One offset over all clips, for single clips of a few seconds are ambiguous."""
    track = encoder.layout["articulation"].start
    heard = np.concatenate([features_of(encoder, sound)[:, track] for sound in person.sounds])
    seen = np.concatenate([clip[:, APERTURE] for clip in standardised(person.lips)])
    clip = np.repeat(np.arange(len(person.lips), dtype=np.int32), [len(c) for c in person.lips])
    offset = av_offset(heard, seen, clip)
    return Sync(offset, correlation_at(heard, seen, clip, round(offset)))


def face_shard(person: Person, offset: float, mels: int) -> Shard:
    """The clips one after the other; what was said is not known."""
    heard, mouths, starts = [], [], [0]
    tracks = as_tracks(standardised(person.lips))
    for sound, mouth in zip(person.sounds, tracks, strict=True):
        mel = log_mels(sound, mels)
        shown = at_mel_rate(mouth, len(mel), offset)
        heard.append(mel.astype(np.float16))
        mouths.append(np.column_stack([shown, loudness(mel)]).astype(np.float16))
        starts.append(starts[-1] + len(mel))
    return Shard(
        np.concatenate(heard),
        np.full(starts[-1], UNKNOWN, np.uint8),
        np.concatenate(mouths),
        np.array(starts),
        np.array([person.name] * len(tracks)),
    )
