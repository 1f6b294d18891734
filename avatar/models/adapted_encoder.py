"""HuBERT, wav2vec2 or Whisper behind the interface of the speech encoder.

Those networks hear both ways, so each chunk hears a window of the last second that ends with it:
the look-ahead is that of the speech encoder, and chunk by chunk gives the numbers of one go. The
speech encoder stays in front for the reliability; the other's hidden states are appended, reduced
to a few numbers by principal components, since wide features do not carry over between people.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from avatar.audio import LOOKAHEAD_FRAMES, SAMPLE_RATE, SAMPLES_PER_FRAME
from avatar.models.encoder_state import EncoderState
from avatar.models.speech_encoder import STEPS, SpeechEncoder

WINDOW = SAMPLE_RATE // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME  # 1 s heard for each chunk
STEP = SAMPLES_PER_FRAME // STEPS  # samples between two hidden states of all three kinds
OTHER = 32  # principal components kept of the other network
BATCH = 50  # windows that go through at once: bounds the memory of a long sound

Listen = Callable[[Tensor], Tensor]
"""Windows (B, WINDOW) -> hidden states (B, at least WINDOW / STEP - 1, width), one each STEP."""


@dataclass(frozen=True)
class AdaptedConfig:
    """Dimensions of an `AdaptedEncoder`."""

    features: int


@dataclass
class AdaptedState:
    """What is remembered of a stream."""

    encoder: EncoderState
    sound: Tensor
    """(B, WINDOW - 640) the samples before the next chunk."""

    def reset(self) -> None:
        """As before the first chunk."""
        self.encoder.reset()
        self.sound.zero_()

    @classmethod
    def stack(cls, states: Sequence[AdaptedState]) -> AdaptedState:
        """The states of several streams as one batch."""
        sound = torch.cat([state.sound for state in states])
        return cls(EncoderState.stack([state.encoder for state in states]), sound)

    def unstack(self) -> list[AdaptedState]:
        """One state of batch one for each stream of the batch."""
        pairs = zip(self.encoder.unstack(), self.sound.split(1), strict=True)
        return [AdaptedState(encoder, sound) for encoder, sound in pairs]


class AdaptedEncoder(nn.Module):
    """The speech encoder's features and, as part `other`, those of a network of the user's."""

    rest: Tensor

    def __init__(
        self, encoder: SpeechEncoder, other: nn.Module, listen: Listen, width: int
    ) -> None:
        """`other` holds the weights that `listen` uses; `width` is that of its hidden states."""
        super().__init__()
        self.encoder, self.other, self.listen = encoder, other, listen
        self.reduce = nn.Linear(width, min(OTHER, width)).requires_grad_(False)
        own, added = encoder.config.features, self.reduce.out_features
        self.config = AdaptedConfig(own + added)
        self.layout = encoder.layout | {"other": slice(own, own + added)}
        rest = torch.cat([encoder.rest, encoder.rest.new_zeros(added)])
        self.register_buffer("rest", rest, persistent=False)

    def new_state(self, batch: int = 1) -> AdaptedState:
        """State of a stream that has heard nothing but silence."""
        sound = torch.zeros(batch, WINDOW - SAMPLES_PER_FRAME, device=self.rest.device)
        return AdaptedState(self.encoder.new_state(batch), sound)

    def forward(self, samples: Tensor, state: AdaptedState | None = None) -> Tensor:
        """(B, 640 k) -> (B, k, features), as `SpeechEncoder.forward`."""
        state = self.new_state(len(samples)) if state is None else state
        own = self.encoder(samples, state.encoder)  # (B, k, own features)
        sound = torch.cat([state.sound, samples], dim=1)
        state.sound = sound[:, -(WINDOW - SAMPLES_PER_FRAME) :]
        trust = own[..., self.layout["reliability"]]
        return torch.cat([own, trust * self.reduce(self._hear(sound))], dim=-1)

    @torch.no_grad()
    def fit(self, sound: Tensor) -> None:
        """Choose the principal components, each of variance one, of a sound (1, 640 k)."""
        silence = sound.new_zeros(1, WINDOW - SAMPLES_PER_FRAME)
        hidden = self._hear(torch.cat([silence, sound], dim=1))[0]
        centre = hidden.mean(0)
        _, spread, axes = torch.linalg.svd(hidden - centre, full_matrices=False)
        kept = self.reduce.out_features
        deviation = spread[:kept] / len(hidden) ** 0.5 + 1e-6
        self.reduce.weight.copy_(axes[:kept] / deviation[:, None])
        self.reduce.bias.copy_(-self.reduce.weight @ centre)

    def _hear(self, sound: Tensor) -> Tensor:
        """The past and k chunks -> hidden states (B, k, width) of the frames two chunks ago."""
        windows = sound.unfold(1, WINDOW, SAMPLES_PER_FRAME)  # (B, k, WINDOW)
        first = (WINDOW - (LOOKAHEAD_FRAMES + 1) * SAMPLES_PER_FRAME) // STEP
        parts = [
            self.listen(part)[:, first : first + STEPS].mean(1)
            for part in windows.flatten(0, 1).split(BATCH)
        ]
        return torch.cat(parts).view(*windows.shape[:2], -1)
