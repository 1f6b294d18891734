"""The phases that teach the speaker's ear: sound -> lip code, from frozen or tuned features.

An encoder that is tuned rehearses meanwhile what it was trained for, on other voices in noise, and
is held to what it said of them before: left alone with one speaker's lips it would forget what
phones and babble are, and follow strangers less the longer it learns.  A part of the way back to
its old weights it follows them better and its own voice as well (Wortsman et al., "Robust
fine-tuning of zero-shot models", CVPR 2022), so they are averaged, and the head settles on what
comes of it.
"""

import copy
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from avatar.motion import TRACKS
from avatar.speakers.speaker import Networks
from avatar.training.encoder import mel_changes
from avatar.training.encoder.batches import Mixer
from avatar.training.encoder.lip_measures import SEEN_TRACKS
from avatar.training.encoder.objective import losses as encoder_losses
from avatar.training.encoder.shards import Shard
from avatar.training.fit import autocast
from avatar.training.lip_data import LipData
from avatar.training.lip_readout import relearn_lip_readout
from avatar.training.losses import code_error
from avatar.training.other_voices import OtherSounds
from avatar.training.speech_pieces import CONTEXT, SEGMENT, Others, OwnVideo, Piece

BATCH = 10  # pieces of the speaker's own video, and as many of other voices
TONE_DB = 2.0  # spread of the responses of other microphones
GAIN_DB = 6.0
CLOSING_WEIGHT = 1.0
MISSED_CLOSURE = 3.0  # how much worse it is than a closure too many
VOICE_WEIGHT = 0.3
REHEARSED = 6  # windows of a step on which the encoder rehearses its own objective
REHEARSAL_WEIGHT = 0.15
ANCHOR_WEIGHT = 10.0
KEPT = 0.9  # of what tuning changed in the encoder's weights


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
        self.ahead = self.encoder.config.lookahead
        self.modules = nn.ModuleDict({"head": self.head})
        self.shipped = copy.deepcopy(self.encoder).requires_grad_(False)
        if others:
            self.rehearsed = _without_lips(others.sounds.speech)
        if tuned:
            self.modules["encoder"] = self.encoder
        self.own = OwnVideo(data, sound)
        self.weight = data.codes.weight.to(device)

    def parameter_groups(self) -> list[dict[str, object]]:
        """The head learns fast; the encoder, if at all, slowly."""
        groups: list[dict[str, object]] = [
            {"params": list(self.head.parameters()), "lr": 2e-3, "weight_decay": 0.02}
        ]
        if self.tuned:
            groups.append({"params": list(self.encoder.parameters()), "lr": 4e-4})
        return groups

    def settled(self) -> "SpeechTask":
        """Average the tuned encoder with the shipped one, which says how others' lips are read; the
        head alone learns from there."""
        shipped = self.shipped.state_dict()
        tuned = self.encoder.state_dict()
        for name, weights in tuned.items():
            if weights.is_floating_point():
                weights.lerp_(shipped[name], 1 - KEPT)
        self.encoder.requires_grad_(False)
        if self.others:
            relearn_lip_readout(self.encoder, self.shipped, self.others.sounds)
        return SpeechTask(
            self.data, self.sound, self.others, self.networks, False, self.device, settling=True
        )

    def losses(self, rng: torch.Generator, progress: float) -> dict[str, Tensor]:
        """Squared error of the codes and of their change from frame to frame, and of closures."""
        del progress
        pieces = [self._own_pieces(rng)]
        if self.others:
            pieces.append(self.others.draw(BATCH, self.ahead, rng))
        mels, codes, closed = (torch.cat(parts) for parts in zip(*pieces, strict=True))
        mels = self._by_other_microphones(mels, rng)
        features = self._features(mels)
        heard = self.head.hear(self._windows(features).flatten(0, 1))
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
        batch = Mixer([self.rehearsed], [1.0], [sounds.noise], random).draw(REHEARSED)
        state = self.encoder.new_state(REHEARSED)
        with autocast(self.device):
            return encoder_losses(self.encoder, batch.to(self.device), state)["total"]

    def _drift(self, mels: Tensor, features: Tensor) -> Tensor:
        """How far what is said of other voices has moved from what the shipped encoder says."""
        state = self.shipped.new_state(len(mels))
        with torch.no_grad(), autocast(self.device):
            rows = self.shipped.to_frames(self.shipped.from_mels(mels, state), state)
        spoken = self.head.config.features
        before = rows[:, self.ahead :, :spoken].float()
        return functional.mse_loss(features[..., :spoken], before)

    def _own_pieces(self, rng: torch.Generator) -> Piece:
        sound, codes, closed = self.own.draw(BATCH, self.ahead, rng)
        mels = self._log_mel(sound)
        if self.warped:
            mels = mel_changes.warp_vocal_tract(mels, rng)
        return mels, codes, closed

    def _log_mel(self, sound: Tensor) -> Tensor:
        state = self.encoder.new_state(len(sound))
        mels: Tensor = self.encoder.log_mel(sound.to(self.device), state.samples)[0]
        return mels.cpu()

    def _by_other_microphones(self, mels: Tensor, rng: torch.Generator) -> Tensor:
        """Log-mels as other microphones hear them, louder or quieter."""
        mels = mel_changes.colour(mels, TONE_DB, rng)
        return mel_changes.gain(mels, GAIN_DB, rng).to(self.device)

    def _features(self, mels: Tensor) -> Tensor:
        """What the encoder says of log-mels, frame by frame without its delay."""
        state = self.encoder.new_state(len(mels))
        with autocast(self.device), torch.set_grad_enabled(self.tuned):
            frames = self.encoder.to_frames(self.encoder.from_mels(mels, state), state)
        return frames[:, self.ahead :].float()

    def _windows(self, features: Tensor) -> Tensor:
        """Features (B, CONTEXT + SEGMENT, D) -> what the head hears, (B, SEGMENT, window, D)."""
        window = self.head.config.window
        return features[:, CONTEXT - window + 1 :].unfold(1, window, 1).transpose(2, 3)


def _without_lips(speech: Shard) -> Shard:
    """The same sounds, but of the lips nothing is said that the encoder learned from people: the
    rules of articulation know it worse."""
    mouth = speech.mouth.copy()
    mouth[:, [TRACKS.index(name) for name in SEEN_TRACKS]] = np.nan
    return replace(speech, mouth=mouth)
