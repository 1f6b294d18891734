"""The phase that teaches the speaker's ear: sound -> lip code, from frozen or tuned features."""

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from avatar.audio import LOOKAHEAD_FRAMES, SAMPLES_PER_FRAME
from avatar.models.speech_encoder import SpeechEncoder
from avatar.models.speech_head import SpeechHead, history
from avatar.training.encoder import mel_changes
from avatar.training.fit import autocast, draw
from avatar.training.lip_data import LipData
from avatar.training.losses import code_error

SEGMENT = 50  # frames whose codes are predicted in one piece
CONTEXT = 40  # frames of sound heard before them
BATCH = 12
TONE_DB = 2.0  # spread of the responses of other microphones
GAIN_DB = 6.0


class SpeechTask:
    """Fits head (and encoder) to the lip codes; a `fit.Task`."""

    name = "speech"

    def __init__(
        self,
        data: LipData,
        sound: Tensor,
        encoder: SpeechEncoder,
        head: SpeechHead,
        tuned: bool,
        device: torch.device,
    ) -> None:
        self.data, self.sound, self.device = data, sound, device
        self.encoder, self.head, self.tuned = encoder.to(device), head.to(device), tuned
        self.modules = nn.ModuleDict({"head": head})
        if tuned:
            self.modules["encoder"] = encoder
        self.starts = data.windows(SEGMENT)
        self.first_of_clip = _clip_starts(data)
        self.end_of_clip = _clip_ends(data)
        self.codes = data.codes.codes.to(device)
        self.weight = data.codes.weight.to(device)

    def parameter_groups(self) -> list[dict[str, object]]:
        """The head learns fast; the encoder, if at all, slowly."""
        groups: list[dict[str, object]] = [
            {"params": list(self.head.parameters()), "lr": 2e-3, "weight_decay": 0.02}
        ]
        if self.tuned:
            groups.append({"params": list(self.encoder.parameters()), "lr": 4e-4})
        return groups

    def losses(self, rng: torch.Generator, progress: float) -> dict[str, Tensor]:
        """Squared error of the codes and of their change from frame to frame."""
        del progress
        starts = draw(rng, BATCH, self.starts)
        sound = torch.stack([self._cut(int(start)) for start in starts])
        features = self._features(sound, rng)[:, LOOKAHEAD_FRAMES:].float()
        window = self.head.config.window
        rows = features[:, CONTEXT - window + 1 :].unfold(1, window, 1).transpose(2, 3)
        made = self.head(rows.flatten(0, 1)).reshape(BATCH, SEGMENT, -1)
        true = self.codes[starts[:, None] + torch.arange(SEGMENT)]
        moved = code_error(made.diff(dim=1), true.diff(dim=1), self.weight)
        return {"code": code_error(made, true, self.weight), "motion": moved}

    def _features(self, sound: Tensor, rng: torch.Generator) -> Tensor:
        """What the encoder says of changed sound: other gains and microphones, and, where the
        speaker is to follow any voice, other people's vocal tracts.
        """
        state = self.encoder.new_state(len(sound))
        mels, state.samples = self.encoder.log_mel(sound.to(self.device), state.samples)
        mels = mels.cpu()
        if not self.tuned:
            mels = mel_changes.warp_vocal_tract(mels, rng)
        mels = mel_changes.colour(mels, TONE_DB, rng)
        mels = mel_changes.gain(mels, GAIN_DB, rng).to(self.device)
        with autocast(self.device), torch.set_grad_enabled(self.tuned):
            return self.encoder.to_frames(self.encoder.from_mels(mels, state), state)

    def _cut(self, start: int) -> Tensor:
        """Sound of CONTEXT + SEGMENT + look-ahead frames; silence beyond the ends of the clip."""
        low, high = start - CONTEXT, start + SEGMENT + LOOKAHEAD_FRAMES
        floor, ceiling = int(self.first_of_clip[start]), int(self.end_of_clip[start])
        inside = self.sound[
            max(low, floor) * SAMPLES_PER_FRAME : min(high, ceiling) * SAMPLES_PER_FRAME
        ]
        before = max(0, floor - low) * SAMPLES_PER_FRAME
        after = max(0, high - ceiling) * SAMPLES_PER_FRAME
        return nn.functional.pad(inside, (before, after))


@torch.inference_mode()
def clip_features(encoder: SpeechEncoder, sound: Tensor, clip: NDArray[np.int32]) -> Tensor:
    """Speech features (F, D) of all frames, each clip heard by itself."""
    rows = []
    device = next(encoder.parameters()).device
    for start, end in clip_ranges(clip):
        piece = sound[start * SAMPLES_PER_FRAME : end * SAMPLES_PER_FRAME]
        piece = nn.functional.pad(piece, (0, LOOKAHEAD_FRAMES * SAMPLES_PER_FRAME))
        rows.append(encoder(piece[None].to(device))[0, LOOKAHEAD_FRAMES:].float().cpu())
    return torch.cat(rows)


@torch.inference_mode()
def clip_codes(head: SpeechHead, features: Tensor, clip: NDArray[np.int32]) -> Tensor:
    """Lip codes (F, C) that the head predicts from features (F, D)."""
    device = next(head.parameters()).device
    return torch.cat(
        [
            head(history(features[start:end].to(device), head.config.window)).cpu()
            for start, end in clip_ranges(clip)
        ]
    )


def clip_ranges(clip: NDArray[np.int32]) -> list[tuple[int, int]]:
    """First and end frame of each run of equal clip numbers."""
    borders = np.flatnonzero(np.diff(clip)) + 1
    edges = [0, *borders.tolist(), len(clip)]
    return list(pairwise(edges))


def _clip_starts(data: LipData) -> Tensor:
    return torch.cat([torch.full((e - s,), s) for s, e in clip_ranges(data.clip)])


def _clip_ends(data: LipData) -> Tensor:
    return torch.cat([torch.full((e - s,), e) for s, e in clip_ranges(data.clip)])
