"""Speaker-independent speech encoder: sound in, one small vector a video frame out.

A causal convolutional network over log-mels. Look-ahead is had by delay: what leaves with chunk m
describes video frame m - `config.lookahead`, beyond whose end the network has heard. Its outputs
are posteriors of visemes and co-articulated articulation tracks, which carry over between people,
and the hidden states behind them, which know more of the voice that is heard.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avatar.audio import SAMPLES_PER_FRAME
from avatar.models.encoder_state import EncoderState
from avatar.models.lip_closure import APERTURE, close_lips
from avatar.models.log_mel import FLOOR, HOP, LogMel
from avatar.models.parted_lips import parted
from avatar.models.reliability import smooth
from avatar.models.running_mean import RunningMean
from avatar.motion import TRACKS, VISEMES

STEPS = 2  # 50 Hz steps in a video frame
STRIDE = SAMPLES_PER_FRAME // STEPS // HOP  # log-mel frames in a step
DROPOUT = 0.1
SILENCE = VISEMES.index("SIL")
MOST_AHEAD = 8  # video frames; less than one is no use live, where a voice leaves before its lips


@dataclass(frozen=True)
class EncoderConfig:
    """Dimensions of the encoder; they travel in the weights' metadata."""

    mels: int = 64
    channels: int = 224
    hidden: int = 192
    """Gated channels inside a block."""
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2, 4, 8)
    """Of the three taps of each block, in 20 ms steps; the sum sets the receptive field."""
    phones: int = 40
    visemes: int = len(VISEMES)
    articulation: int = len(TRACKS)
    lookahead: int = 2
    """Video frames heard beyond the one that is described; weights that do not say have two."""

    def limits(self) -> dict[str, tuple[tuple[int, ...], int, int]]:
        """What a stranger's file may ask for: numbers by name, the smallest and largest of them."""
        return {
            "mels": ((self.mels,), 1, 256),
            "channels": ((self.channels,), 1, 1024),
            "hidden": ((self.hidden,), 1, 1024),
            "dilations": (self.dilations, 1, 64),
            "layers": ((len(self.dilations),), 1, 32),
            "phones": ((self.phones,), 1, 256),
            "visemes": ((self.visemes,), len(VISEMES), len(VISEMES)),
            "articulation": ((self.articulation,), len(TRACKS), len(TRACKS)),
            "lookahead": ((self.lookahead,), 1, MOST_AHEAD),
        }

    @property
    def delay(self) -> int:
        """Steps from the sound a label belongs to until the step that carries it."""
        return STEPS * self.lookahead

    @property
    def features(self) -> int:
        """Length of the vector of a video frame."""
        return self.spoken + self.context

    @property
    def spoken(self) -> int:
        """Its first numbers: what is said, in terms that mean the same for every voice.

        The phones are learned from, but no part of it: measured on lips of people that a head was
        not trained on, articulation carries over best, then visemes, then phones.
        """
        return self.visemes + self.articulation + 2

    @property
    def context(self) -> int:
        """Its last numbers: the hidden states that the spoken ones were read from."""
        return STEPS * self.channels


@dataclass(frozen=True)
class Heads:
    """What the network says about each 20 ms step, before it becomes features."""

    viseme: Tensor
    """Logits (B, T, visemes); class 0 is silence."""
    articulation: Tensor
    """Logits (B, T, articulation) of tracks in 0..1."""
    phone: Tensor
    """Logits (B, T, phones); class 0 is silence."""
    energy: Tensor
    """Logits (B, T, 1): loudness of the speech against the voice's own."""
    reliability: Tensor
    """Logits (B, T, 1): is there speech that can be trusted."""
    context: Tensor
    """Hidden states (B, T, channels) of unit variance, from which all the others are read."""


class Block(nn.Module):
    """x + W2 GLU(W1 [h(t - 2d), h(t - d), h(t)]), h = norm(x)."""

    def __init__(self, channels: int, hidden: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.norm = nn.LayerNorm(channels)
        self.mix = nn.Linear(3 * channels, 2 * hidden)
        self.drop = nn.Dropout1d(DROPOUT)
        self.out = nn.Linear(hidden, channels)

    def forward(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, C), normed past (B, 2 d, C) -> the same, the next past."""
        steps, d = x.shape[1], self.dilation
        h = self.norm(x)
        h = torch.cat([past.to(h.dtype), h], dim=1)
        taps = torch.cat([h[:, :steps], h[:, d : d + steps], h[:, 2 * d :]], dim=2)
        gated = F.glu(self.mix(taps), dim=-1)
        if self.training:  # whole channels of a sound, so that the taps cannot fill them in
            gated = self.drop(gated.transpose(1, 2)).transpose(1, 2)
        return x + self.out(gated), h[:, steps:]


class SpeechEncoder(nn.Module):
    """Sound -> features; all that is remembered between chunks is in an `EncoderState`."""

    rest: Tensor

    def __init__(self, config: EncoderConfig | None = None) -> None:
        super().__init__()
        c = self.config = config or EncoderConfig()
        self.log_mel = LogMel(c.mels)
        self.mean = RunningMean(c.mels)
        self.stem = nn.Linear(3 * STRIDE * (c.mels + 1), c.channels)
        self.blocks = nn.ModuleList(Block(c.channels, c.hidden, d) for d in c.dilations)
        self.norm = nn.LayerNorm(c.channels)
        self.heads = nn.Linear(c.channels, c.spoken + c.phones)
        self.layout = _layout(c)
        self.register_buffer("rest", self._rest(), persistent=False)

    def new_state(self, batch: int = 1) -> EncoderState:
        """State of a stream that has heard nothing but silence."""
        c = self.config
        return EncoderState.fresh(
            batch,
            mels=c.mels,
            stem=2 * STRIDE,
            channels=c.channels,
            dilations=c.dilations,
            device=self.rest.device,
        )

    def forward(self, samples: Tensor, state: EncoderState | None = None) -> Tensor:
        """(B, 640 k) -> (B, k, features): row m describes the video frame m - lookahead.

        `state` is carried on in place; without one the sound starts after silence. The numbers
        are those of one go, however the sound is cut into chunks.
        """
        state = self.new_state(len(samples)) if state is None else state
        mels, state.samples = self.log_mel(samples, state.samples)
        return self.to_frames(self.from_mels(mels, state), state)

    def from_mels(self, mels: Tensor, state: EncoderState) -> Heads:
        """Log-mels (B, 4 k, mels) -> what each of the 2 k steps says (trained on this)."""
        level = (mels.mean(-1, keepdim=True) - QUIET) / NATS
        x = torch.cat([(self.mean(mels, state.mean) / NATS), level], dim=-1)
        x = torch.cat([state.stem, x], dim=1)
        state.stem = x[:, -2 * STRIDE :]
        x = x.unfold(1, 3 * STRIDE, STRIDE).flatten(2)  # (B, 2 k, (mels + 1) * 6)
        x = self.stem(x)
        for index, block in enumerate(self.blocks):
            x, state.blocks[index] = block(x, state.blocks[index])
        normal = self.norm(x)
        return self.said(torch.cat([self.heads(normal).float(), normal.float()], dim=-1))

    def said(self, outputs: Tensor) -> Heads:
        """The network's last layer and what it reads (B, T, outputs + channels), taken apart."""
        c = self.config
        sizes = [c.visemes, c.articulation, c.phones, 1, 1, c.channels]
        return Heads(*outputs.split(sizes, dim=-1))

    def to_frames(self, heads: Heads, state: EncoderState) -> Tensor:
        """Outputs at 50 Hz -> one vector a video frame, eased to the rest vector."""
        steps = {
            "viseme": heads.viseme.softmax(-1),
            "articulation": heads.articulation.sigmoid(),
            "energy": heads.energy.sigmoid(),
            "reliability": heads.reliability.sigmoid(),
        }
        pairs = {name: part.unflatten(1, (-1, STEPS)) for name, part in steps.items()}
        means = {name: part.mean(2) for name, part in pairs.items()}
        means["articulation"] = close_lips(pairs["viseme"], pairs["articulation"])
        means["context"] = heads.context.unflatten(1, (-1, STEPS)).flatten(2)
        frames = torch.cat([means[name] for name in self.layout], dim=-1)  # (B, k, features)
        trust, state.trust = smooth(means["reliability"][..., 0], state.trust)
        eased = self.rest + trust[..., None] * (frames - self.rest)
        eased[..., self.layout["reliability"]] = trust[..., None]
        eased[..., self.layout["articulation"].start + APERTURE] += (1 - trust) * parted(
            pairs["articulation"].mean(2)[..., APERTURE],
            means["viseme"][..., SILENCE],
            means["energy"][..., 0],
        )
        return eased

    def _rest(self) -> Tensor:
        """Silence: closed lips, the viseme of class 0."""
        rest = torch.zeros(self.config.features)
        rest[self.layout["viseme"].start + SILENCE] = 1.0
        return rest


QUIET = float(torch.log(torch.tensor(FLOOR))) / 2  # about -40 dB: the middle of what is heard
NATS = 3.0  # spread of a log-mel of speech


def _layout(config: EncoderConfig) -> dict[str, slice]:
    sizes = {
        "viseme": config.visemes,
        "articulation": config.articulation,
        "energy": 1,
        "reliability": 1,
        "context": config.context,
    }
    edges = [0]
    for size in sizes.values():
        edges.append(edges[-1] + size)
    return {name: slice(*edge) for name, edge in zip(sizes, pairwise(edges), strict=True)}
