"""What the speaker's ear learns from: stretches of its own video, of other voices, of noises."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from avatar.audio import SAMPLES_PER_FRAME
from avatar.training.clips import clip_ranges
from avatar.training.fit import draw
from avatar.training.lip_data import LipData
from avatar.training.mouth_map import MEL_FRAMES, SILENCE, OtherVoice
from avatar.training.other_voices import OtherSounds

Piece = tuple[Tensor, Tensor, Tensor]
"""Log-mels of CONTEXT + SEGMENT + ahead frames, codes and closures of SEGMENT frames."""

SEGMENT = 50  # frames whose codes are predicted in one piece
CONTEXT = 40  # frames of sound heard before them
OPEN_QUANTILE = 0.9  # of the apertures of a video: lips wide open
CLOSED = 0.11  # of that aperture: below it the lips count as closed
NOISE_SHARE = 0.15  # of the pieces that are not the speaker's own


class OwnVideo:
    """The training video: its sound, its lip codes, and where its lips are closed."""

    def __init__(self, data: LipData, sound: Tensor) -> None:
        self._sound = sound
        self._codes = data.codes.codes
        self.starts = data.windows(SEGMENT)
        self._clips = clip_ranges(data.clip)
        aperture = torch.from_numpy(np.array(data.tracked.aperture))
        wide = aperture[data.train].quantile(OPEN_QUANTILE)
        self._closed = (aperture < CLOSED * wide).float()

    def draw(self, count: int, ahead: int, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Sound (count, samples) of CONTEXT + SEGMENT + ahead frames, its codes, closures."""
        starts = draw(rng, count, self.starts)
        rows = starts[:, None] + torch.arange(SEGMENT)
        return self.sound_at(starts, ahead), self._codes[rows], self._closed[rows]

    def sound_at(self, starts: Tensor, ahead: int) -> Tensor:
        """Sound (B, samples) of the pieces whose first frames are `starts` (B,)."""
        return torch.stack([self._cut(start, ahead) for start in starts.tolist()])

    def _cut(self, start: int, ahead: int) -> Tensor:
        """Sound of CONTEXT + SEGMENT + ahead frames; silence beyond the ends of the clip."""
        low, high = start - CONTEXT, start + SEGMENT + ahead
        floor, ceiling = next(clip for clip in self._clips if start < clip[1])
        inside = self._sound[
            max(low, floor) * SAMPLES_PER_FRAME : min(high, ceiling) * SAMPLES_PER_FRAME
        ]
        before = max(0, floor - low) * SAMPLES_PER_FRAME
        after = max(0, high - ceiling) * SAMPLES_PER_FRAME
        return functional.pad(inside, (before, after))


@dataclass(frozen=True)
class Others:
    """What is learned from beside the speaker's own video."""

    sounds: OtherSounds
    voices: Sequence[OtherVoice]
    noises: Sequence[OtherVoice]

    def draw(self, count: int, ahead: int, rng: torch.Generator) -> Piece:
        """Pieces of voices, some of noises; `ahead`: frames of look-ahead."""
        pieces = []
        for noisy in torch.rand(count, generator=rng) < NOISE_SHARE:
            found = self.noises if noisy else self.voices
            row = int(torch.randint(len(found), (), generator=rng))
            pieces.append(piece_of(found[row], ahead, rng))
        mels, codes, closed = zip(*pieces, strict=True)
        return torch.stack(mels), torch.stack(codes), torch.stack(closed)


def piece_of(voice: OtherVoice, ahead: int, rng: torch.Generator) -> Piece:
    """A random stretch of an utterance, silence around it where it is too short."""
    frames = len(voice.codes)
    start = int(torch.randint(max(frames - SEGMENT, 0) + 1, (), generator=rng))
    rows = torch.arange(start, start + SEGMENT)
    beyond = (rows >= frames).float()
    rows = rows.clamp_max(frames - 1)
    first, end = start - CONTEXT, start + SEGMENT + ahead
    inside = voice.mels[max(first, 0) * MEL_FRAMES : end * MEL_FRAMES].float()
    before = max(0, -first) * MEL_FRAMES
    after = (end - first) * MEL_FRAMES - before - len(inside)
    mels = functional.pad(inside, (0, 0, before, after), value=SILENCE)
    return mels, voice.codes[rows], torch.maximum(voice.closed[rows], beyond)
