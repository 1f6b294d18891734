"""The phases that teach the speaker's ear: sound -> lip code, from frozen or tuned features.

An encoder that is tuned rehearses meanwhile what it was trained for, on other voices in noise, and
is held to what it said of them before: left alone with one speaker's lips it would forget what
phones and babble are, and follow strangers less the longer it learns.  A part of the way back to
its old weights it follows them better and its own voice as well (Wortsman et al., "Robust
fine-tuning of zero-shot models", CVPR 2022), so they are averaged, and the head settles on what
comes of it.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from avatar.audio import LOOKAHEAD_FRAMES, SAMPLES_PER_FRAME
from avatar.models.speech_encoder import SpeechEncoder
from avatar.models.speech_head import SpeechHead, history
from avatar.rendering.speaker import Networks
from avatar.training.encoder import mel_changes
from avatar.training.encoder.batches import Mixer
from avatar.training.encoder.objective import losses as encoder_losses
from avatar.training.fit import autocast, draw
from avatar.training.lip_data import LipData
from avatar.training.losses import code_error
from avatar.training.mouth_map import MEL_FRAMES, SILENCE, OtherVoice
from avatar.training.other_voices import OtherSounds

Piece = tuple[Tensor, Tensor, Tensor]
"""Log-mels of CONTEXT + SEGMENT + look-ahead frames, codes and closures of SEGMENT frames."""

SEGMENT = 50  # frames whose codes are predicted in one piece
CONTEXT = 40  # frames of sound heard before them
BATCH = 10  # pieces of the speaker's own video, and as many of other voices
TONE_DB = 2.0  # spread of the responses of other microphones
GAIN_DB = 6.0
OPEN_QUANTILE = 0.9  # of the apertures of a video: lips wide open
CLOSED = 0.11  # of that aperture: below it the lips count as closed
CLOSING_WEIGHT = 1.0
MISSED_CLOSURE = 3.0  # how much worse it is than a closure too many
VOICE_WEIGHT = 0.3
NOISE_SHARE = 0.15  # of the pieces that are not the speaker's own
REHEARSED = 6  # windows of a step on which the encoder rehearses its own objective
REHEARSAL_WEIGHT = 0.15
ANCHOR_WEIGHT = 10.0
KEPT = 0.9  # of what tuning changed in the encoder's weights


@dataclass(frozen=True)
class Others:
    """What is learned from beside the speaker's own video."""

    sounds: OtherSounds
    voices: Sequence[OtherVoice]
    noises: Sequence[OtherVoice]


class SpeechTask:
    """Fits head (and encoder) to the lip codes of the video and of other voices; a `fit.Task`."""

    def __init__(
        self,
        data: LipData,
        sound: Tensor,
        others: Others | None,
        networks: Networks,
        tuned: bool,
        device: torch.device,
        settling: bool = False,
    ) -> None:
        self.name = "head" if settling else "speech"
        self.data, self.sound, self.others, self.device = data, sound, others, device
        self.networks = networks
        self.encoder, self.head = networks.encoder.to(device), networks.head.to(device)
        self.tuned, self.warped = tuned, not (tuned or settling)
        self.modules = nn.ModuleDict({"head": self.head})
        self.shipped = copy.deepcopy(self.encoder).requires_grad_(False)
        if tuned:
            self.modules["encoder"] = self.encoder
        self.starts = data.windows(SEGMENT)
        self.first_of_clip = _clip_starts(data)
        self.end_of_clip = _clip_ends(data)
        self.codes = data.codes.codes
        self.weight = data.codes.weight.to(device)
        aperture = torch.from_numpy(np.array(data.tracked.aperture))
        wide = aperture[data.train].quantile(OPEN_QUANTILE)
        self.closed = (aperture < CLOSED * wide).float()

    def parameter_groups(self) -> list[dict[str, object]]:
        """The head learns fast; the encoder, if at all, slowly."""
        groups: list[dict[str, object]] = [
            {"params": list(self.head.parameters()), "lr": 2e-3, "weight_decay": 0.02}
        ]
        if self.tuned:
            groups.append({"params": list(self.encoder.parameters()), "lr": 4e-4})
        return groups

    def settled(self) -> "SpeechTask":
        """Average the tuned encoder with the shipped one; the head alone learns from there."""
        shipped = self.shipped.state_dict()
        tuned = self.encoder.state_dict()
        for name, weights in tuned.items():
            if weights.is_floating_point():
                weights.lerp_(shipped[name], 1 - KEPT)
        self.encoder.requires_grad_(False)
        return SpeechTask(
            self.data, self.sound, self.others, self.networks, False, self.device, settling=True
        )

    def losses(self, rng: torch.Generator, progress: float) -> dict[str, Tensor]:
        """Squared error of the codes and of their change from frame to frame, and of closures."""
        del progress
        pieces = [self._own_pieces(rng)]
        if self.others:
            pieces.append(self._other_pieces(self.others, rng))
        mels, codes, closed = (torch.cat(parts) for parts in zip(*pieces, strict=True))
        mels = self._by_other_microphones(mels, rng)
        features = self._features(mels)
        window = self.head.config.window
        rows = features[:, CONTEXT - window + 1 :].unfold(1, window, 1).transpose(2, 3)
        heard = self.head.hear(rows.flatten(0, 1))
        made, true = heard.code.unflatten(0, codes.shape[:2]), codes.to(self.device)
        missed = functional.binary_cross_entropy_with_logits(
            heard.closure,
            closed.flatten().to(self.device),
            pos_weight=made.new_tensor(MISSED_CLOSURE),
        )
        found = {
            "code": code_error(made, true, self.weight),
            "motion": code_error(made.diff(dim=1), true.diff(dim=1), self.weight),
            "closure": CLOSING_WEIGHT * missed,
        }
        if heard.own is not None:
            found["voice"] = VOICE_WEIGHT * self._told_apart(heard.own)
        if self.others and self.tuned:
            found["rehearsal"] = REHEARSAL_WEIGHT * self._rehearse(self.others.sounds, rng)
            found["anchor"] = ANCHOR_WEIGHT * self._drift(mels[BATCH:], features[BATCH:])
        return found

    def _told_apart(self, own: Tensor) -> Tensor:
        """Error of the logits (B,) of the speaker's own voice; its pieces are the first half."""
        is_own = (torch.arange(len(own), device=own.device) < BATCH * SEGMENT).float()
        return functional.binary_cross_entropy_with_logits(own, is_own)

    def _rehearse(self, sounds: OtherSounds, rng: torch.Generator) -> Tensor:
        random = np.random.default_rng(int(torch.randint(2**31, (), generator=rng)))
        batch = Mixer([sounds.speech], [1.0], [sounds.noise], random).draw(REHEARSED)
        state = self.encoder.new_state(REHEARSED)
        with autocast(self.device):
            return encoder_losses(self.encoder, batch.to(self.device), state)["total"]

    def _drift(self, mels: Tensor, features: Tensor) -> Tensor:
        """How far what is said of other voices has moved from what the shipped encoder says."""
        state = self.shipped.new_state(len(mels))
        with torch.no_grad(), autocast(self.device):
            rows = self.shipped.to_frames(self.shipped.from_mels(mels, state), state)
        spoken = self.head.config.features
        before = rows[:, LOOKAHEAD_FRAMES:, :spoken].float()
        return functional.mse_loss(features[..., :spoken], before)

    def _own_pieces(self, rng: torch.Generator) -> Piece:
        starts = draw(rng, BATCH, self.starts)
        sound = torch.stack([self._cut(int(start)) for start in starts])
        state = self.encoder.new_state(BATCH)
        mels = self.encoder.log_mel(sound.to(self.device), state.samples)[0].cpu()
        if self.warped:
            mels = mel_changes.warp_vocal_tract(mels, rng)
        rows = starts[:, None] + torch.arange(SEGMENT)
        return mels, self.codes[rows], self.closed[rows]

    def _other_pieces(self, others: Others, rng: torch.Generator) -> Piece:
        pieces = []
        for noisy in torch.rand(BATCH, generator=rng) < NOISE_SHARE:
            voices = others.noises if noisy else others.voices
            row = int(torch.randint(len(voices), (), generator=rng))
            pieces.append(piece_of(voices[row], rng))
        mels, codes, closed = zip(*pieces, strict=True)
        return torch.stack(mels), torch.stack(codes), torch.stack(closed)

    def _by_other_microphones(self, mels: Tensor, rng: torch.Generator) -> Tensor:
        """Log-mels as other microphones hear them, louder or quieter."""
        mels = mel_changes.colour(mels, TONE_DB, rng)
        return mel_changes.gain(mels, GAIN_DB, rng).to(self.device)

    def _features(self, mels: Tensor) -> Tensor:
        """What the encoder says of log-mels, frame by frame without its delay."""
        state = self.encoder.new_state(len(mels))
        with autocast(self.device), torch.set_grad_enabled(self.tuned):
            frames = self.encoder.to_frames(self.encoder.from_mels(mels, state), state)
        return frames[:, LOOKAHEAD_FRAMES:].float()

    def _cut(self, start: int) -> Tensor:
        """Sound of CONTEXT + SEGMENT + look-ahead frames; silence beyond the ends of the clip."""
        low, high = start - CONTEXT, start + SEGMENT + LOOKAHEAD_FRAMES
        floor, ceiling = int(self.first_of_clip[start]), int(self.end_of_clip[start])
        inside = self.sound[
            max(low, floor) * SAMPLES_PER_FRAME : min(high, ceiling) * SAMPLES_PER_FRAME
        ]
        before = max(0, floor - low) * SAMPLES_PER_FRAME
        after = max(0, high - ceiling) * SAMPLES_PER_FRAME
        return functional.pad(inside, (before, after))


def piece_of(voice: OtherVoice, rng: torch.Generator) -> Piece:
    """A random stretch of an utterance, silence around it where it is too short."""
    frames = len(voice.codes)
    start = int(torch.randint(max(frames - SEGMENT, 0) + 1, (), generator=rng))
    rows = torch.arange(start, start + SEGMENT)
    beyond = (rows >= frames).float()
    rows = rows.clamp_max(frames - 1)
    first, end = start - CONTEXT, start + SEGMENT + LOOKAHEAD_FRAMES
    inside = voice.mels[max(first, 0) * MEL_FRAMES : end * MEL_FRAMES].float()
    before = max(0, -first) * MEL_FRAMES
    after = (end - first) * MEL_FRAMES - before - len(inside)
    mels = functional.pad(inside, (0, 0, before, after), value=SILENCE)
    return mels, voice.codes[rows], torch.maximum(voice.closed[rows], beyond)


@torch.inference_mode()
def clip_features(encoder: SpeechEncoder, sound: Tensor, clip: NDArray[np.int32]) -> Tensor:
    """Speech features (F, D) of all frames, each clip heard by itself."""
    rows = []
    device = next(encoder.parameters()).device
    for start, end in clip_ranges(clip):
        piece = sound[start * SAMPLES_PER_FRAME : end * SAMPLES_PER_FRAME]
        piece = functional.pad(piece, (0, LOOKAHEAD_FRAMES * SAMPLES_PER_FRAME))
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
