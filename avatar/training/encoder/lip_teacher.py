"""A slow ear that hears both ways and knows lips: it labels speech whose speakers nobody filmed.

The states of a Whisper encoder beside the features of the streaming one, read by ridge regression
that learned from filmed people. Whisper's states carry over best between people of one corpus, the
streaming encoder's to other kinds of talk, and both together better than either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.media.samples import Samples
from avatar.models.speech_encoder import SpeechEncoder
from avatar.rendering.speech_features import features_of
from avatar.training.encoder.face_shards import Person
from avatar.training.encoder.lip_measures import Measures, moved, standardised

Array = NDArray[np.float32]
Hear = Callable[[Samples], Array]
"""Sound (S,) -> states (F, D) at 25 fps."""

REACH = 1  # frames before and after that are read beside a frame
RIDGE = 1.5e4  # on standardised states; strong, for few people teach
PEOPLE = 0.7  # power of the number of a person's clips that is that person's weight


@dataclass(frozen=True)
class LipTeacher:
    """States of a sound -> standardised lip measures."""

    hear: Hear
    mean: Array
    spread: Array
    reads: Array
    """(states of 2 REACH + 1 frames, measures)."""

    def lips(self, sound: Samples) -> Measures:
        """(S,) -> (F, measures), in no particular unit."""
        rows = (_wide(self.hear(sound)) - self.mean) / self.spread
        return np.asarray(rows @ self.reads, np.float32)


def both_ears(whisper: Hear, encoder: SpeechEncoder) -> Hear:
    """Whisper's states and the streaming encoder's features side by side."""

    def hear(sound: Samples) -> Array:
        return np.concatenate([whisper(sound), features_of(encoder, sound)], axis=1)

    return hear


def learn(people: Sequence[tuple[Person, float]], hear: Hear) -> LipTeacher:
    """A teacher from people and the offset (frames) of each one's sound."""
    rows, lips, weights = [], [], []
    for person, offset in people:
        seen = [moved(clip, offset) for clip in standardised(person.lips)]
        for sound, clip in zip(person.sounds, seen, strict=True):
            heard = _wide(hear(sound))[: len(clip)]
            rows.append(heard)
            lips.append(clip[: len(heard)])
            weights.append(np.full(len(heard), len(seen) ** (PEOPLE - 1), np.float32))
    states, weight = np.concatenate(rows), np.concatenate(weights)[:, None]
    weight /= weight.mean()
    mean, spread = states.mean(0), states.std(0) + 1e-3
    states = (states - mean) / spread
    gram = (states * weight).T @ states + RIDGE * np.eye(states.shape[1], dtype=np.float32)
    reads = np.linalg.solve(gram, (states * weight).T @ np.concatenate(lips))
    return LipTeacher(hear, mean, spread, np.asarray(reads, np.float32))


def _wide(rows: Array) -> Array:
    """Rows (F, D) with their neighbours: (F, (2 REACH + 1) D)."""
    padded = np.pad(rows, ((REACH, REACH), (0, 0)), mode="edge")
    return np.concatenate([padded[k : k + len(rows)] for k in range(2 * REACH + 1)], axis=1)
