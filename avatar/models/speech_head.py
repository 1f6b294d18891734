"""The speaker's own ear: speech features of the last frames -> f_s, the lip code of a frame.

The speech encoder in front is the same for all speakers; this small causal network learns how
*this* speaker moves.  Its output is supervised by the lip codes of the training video, and by what
the speaker's mouth would do to the words of other voices.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from avatar.models.lip_closure import closed_share
from avatar.models.own_voice import MEMORY, gathered, gathered_over

DOUBT, BELIEF = 0.2, 0.5  # probability of closed lips at which they begin to close and are closed
LEANING = 0.35  # share of the aperture that is any mouth's, where voices are not told apart
STRANGER = -1.0  # evidence (logit) at which a voice is half taken for a stranger's
SURENESS = 2.0  # steepness of that passage; silence has evidence -0.4 and is nobody's
CLOSED_AXES = 4  # numbers that tell one pair of closed lips from another: m in "moo" and in "me"
CLOSED_SPREAD = 2.0  # standard deviations of each that closed lips may differ by
SHUT_QUANTILE, WIDE_QUANTILE = 0.05, 0.9  # of the apertures of a video: closed lips, open ones
AJAR = 0.1  # of the way from shut to wide: lips further apart than that are clearly open
TIGHT = 0.03  # of the same way: lips nearer than that are what closed lips look like
BREATH = (
    0.1,
    0.15,
)  # aperture of any mouth in a pause: no breath up to one, wholly from the other on
DEEPER = 2.0  # of a breath is drawn: near rest, codes open less than they read
LEAST_HEARD = 0.01  # aperture of any mouth, mean of a video in which somebody speaks
RIDGE = 1e-3  # of a code's variance: numbers of the code that go together share what they read


@dataclass(frozen=True)
class SpeechHeadConfig:
    """Dimensions; they travel in the bundle."""

    features: int  # numbers of the encoder's vector that say what is spoken; trust in it is last
    code: int
    context: int = 0  # hidden states that follow them in that vector
    width: int = 48
    bottleneck: int = 32  # numbers that the hidden states are squeezed through
    window: int = 12  # frames of history, the present one included
    dropout: float = 0.2
    heard_aperture: int = -1  # which number of the features is any mouth's aperture; -1: none
    heard_closure: int = -1  # which one is any mouth's closure; -1: none
    voice: int = 0  # units that tell the own voice from others; 0: it is not told apart


class SpeechHeadOutput(NamedTuple):
    """What the head makes of windows of features, before the lips lean and close."""

    code: Tensor  # (B, code) the likeliest lip codes
    closure: Tensor  # (B,) logit of closed lips
    own: Tensor | None  # (B,) logit of the speaker's own voice, where voices are told apart


class SpeechHead(nn.Module):
    """Causal temporal convolutions over a window of features; p, b, m close the lips wholly.

    For voices that are not the speaker's own, aperture and closure are any mouth's, as the encoder
    hears them: what the head learned of one voice leads it astray there.
    """

    centre: Tensor
    scale: Tensor
    aperture: Tensor  # (code + 1,) reads the lips' aperture from a code, the constant last
    opening: Tensor  # (code,) how the code changes when the lips open by one
    any_mouth: Tensor  # (2,) factor and constant that make this speaker's aperture of any mouth's
    shut: Tensor  # () aperture of closed lips
    ajar: Tensor  # () how much more it is when they are clearly open
    closed_mean: Tensor  # (code,) the mean code of closed lips
    closed_axes: Tensor  # (CLOSED_AXES, code) what closed lips differ in
    closed_spread: Tensor  # (CLOSED_AXES,) and by how much

    def __init__(self, config: SpeechHeadConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.enter = nn.Conv1d(config.features, width, 1)
        if config.context:
            self.recall = nn.Sequential(
                nn.Dropout(1.5 * config.dropout),
                nn.Linear(config.context, config.bottleneck),
                nn.Linear(config.bottleneck, width),
            )
        if config.voice:
            self.knows = nn.Sequential(
                nn.Dropout(config.dropout),
                nn.Linear(config.context, config.voice),
                nn.GELU(),
                nn.Linear(config.voice, 1),
            )
        self.near = nn.Conv1d(width, width, 5)
        self.far = nn.Conv1d(width, width, config.window - 4)
        self.leave = nn.Linear(2 * width, config.code)
        self.closes = nn.Linear(2 * width, 1)
        self.dropout = nn.Dropout(config.dropout)
        self.register_buffer("centre", torch.zeros(config.features))
        self.register_buffer("scale", torch.ones(config.features))
        self.register_buffer("aperture", torch.zeros(config.code + 1))
        self.register_buffer("opening", torch.zeros(config.code))
        self.register_buffer("any_mouth", torch.zeros(2))
        self.register_buffer("shut", torch.zeros(()))
        self.register_buffer("ajar", torch.ones(()))
        self.register_buffer("closed_mean", torch.zeros(config.code))
        self.register_buffer("closed_axes", torch.zeros(CLOSED_AXES, config.code))
        self.register_buffer("closed_spread", torch.zeros(CLOSED_AXES))

    @property
    def memory(self) -> int:
        """Numbers behind the features of each frame: whose voice it is, gathered over seconds."""
        return MEMORY if self.config.voice else 0

    def remember(self, features: Tensor, before: Tensor) -> Tensor:
        """Features (B, D) of the next frame of streams, rows (B, D + memory) of the last -> rows.

        Zeros are the row before the first.
        """
        if not self.memory:
            return features
        memory = before[:, -self.memory :]
        return torch.cat([features, gathered(memory, *self._evidence(features))], dim=1)

    def windows(self, features: Tensor, before: Tensor | None = None) -> Tensor:
        """Features (F, D) of a sound in order -> windows (F, config.window, D + memory).

        before (n, config.window, D + memory): those of the sound so far; none at its beginning.
        """
        rows = features
        if self.memory:
            memory = features.new_zeros(MEMORY) if before is None else before[-1, -1, -MEMORY:]
            memory = gathered_over(memory, *self._evidence(features))
            rows = torch.cat([features, memory], dim=1)
        if before is None:
            return history(rows, self.config.window)
        rows = torch.cat([before[-1, 1:], rows])
        return rows.unfold(0, self.config.window, 1).transpose(1, 2)

    def forward(self, window: Tensor) -> Tensor:
        """window (B, config.window, features + context), oldest first -> lip code f_s (B, code).

        Where rows have `memory` too, that says whose voice it is; else the window does.
        """
        code, closure, own = self.hear(window)
        evidence, now = closure.sigmoid(), window[:, -1]
        looks_open = self.read_aperture(code)
        strange = LEANING if own is None else (SURENESS * (STRANGER - own)).sigmoid()
        if self.config.heard_aperture >= 0:
            heard = now[:, self.config.heard_aperture]
            breath = self._breath(heard, now)
            strange = strange + (1 - strange) * breath
            code = self._lean(code, heard * (1 + (DEEPER - 1) * breath), strange)
        if own is not None:
            evidence = evidence + strange * (now[:, self.config.heard_closure] - evidence)
        closed = closed_share(evidence, DOUBT, BELIEF)
        opening = torch.maximum(looks_open, self.read_aperture(code))
        open_lips = ((opening - self.shut) / self.ajar).clamp(0, 1)
        return code + (closed * open_lips)[:, None] * (self.close(code) - code)

    def _breath(self, heard: Tensor, now: Tensor) -> Tensor:
        """Share (B,) of a breath: a pause in which any mouth opens. Nobody's voice is in it."""
        pause = 1 - now[:, self.config.features - 1]
        least, whole = BREATH
        return pause * ((heard - least) / (whole - least)).clamp(0, 1)

    def _lean(self, code: Tensor, heard: Tensor, leaning: Tensor | float) -> Tensor:
        """What fits the voice learned from best fits other voices less; they meet in between."""
        meant = self.any_mouth[0] * heard + self.any_mouth[1]
        return code + (leaning * (meant - self.read_aperture(code)))[:, None] * self.opening

    def close(self, code: Tensor) -> Tensor:
        """Codes (B, code) of open lips -> the closed lips of this speaker that are most like them.

        Moving along `opening` alone leaves the look of open lips (teeth, the dark between them) in
        the other numbers; so what comes of it is brought among the codes that closed lips have.
        """
        shut = self._shut(code)
        differs = (shut - self.closed_mean) @ self.closed_axes.T
        limit = CLOSED_SPREAD * self.closed_spread
        return self._shut(self.closed_mean + differs.clamp(-limit, limit) @ self.closed_axes)

    def _shut(self, code: Tensor) -> Tensor:
        excess = (self.read_aperture(code) - self.shut).clamp_min(0)
        return code - excess[:, None] * self.opening

    def hear(self, window: Tensor) -> SpeechHeadOutput:
        """The same window -> what is heard in it."""
        spoken = self.config.features
        normal = (window[..., :spoken] - self.centre) / self.scale
        entered = self.enter(self.dropout(normal).transpose(1, 2))
        if self.config.context:
            context = window[..., spoken : spoken + self.config.context]
            entered = entered + self.recall(context).transpose(1, 2)
        entered = functional.gelu(entered)
        near = functional.gelu(self.near(self.dropout(entered)))
        far = functional.gelu(self.far(self.dropout(near)))
        heard = torch.cat([far[..., -1], near[..., -1]], dim=1)
        own = self._own_voice(window) if self.config.voice else None
        return SpeechHeadOutput(self.leave(heard), self.closes(heard)[:, 0], own)

    def _own_voice(self, window: Tensor) -> Tensor:
        """What was gathered until now (B,), or the mean evidence of the window."""
        known = self.config.features + self.config.context
        if window.shape[-1] > known:
            return window[:, -1, known]
        return self._evidence(window)[0].mean(dim=1)

    def _evidence(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features (..., D) -> logits (...) of the speaker's own voice, trust (...) in each.

        The encoder does not learn from it what a voice is.
        """
        spoken = self.config.features
        evidence: Tensor = self.knows(features[..., spoken : spoken + self.config.context].detach())
        return evidence[..., 0], features[..., spoken - 1]

    def read_aperture(self, code: Tensor) -> Tensor:
        """Lip codes (..., code) -> aperture (...), in the units of the training video."""
        return code @ self.aperture[:-1] + self.aperture[-1]

    @torch.no_grad()
    def learn_any_mouth(self, features: Tensor, aperture: Tensor) -> None:
        """Bring the aperture in features (F, features) to this speaker's (F,): shut stays shut.

        Call it after `learn_closing`.
        """
        heard = features[:, self.config.heard_aperture]
        factor = (aperture.mean() - self.shut) / heard.mean().clamp_min(LEAST_HEARD)
        self.any_mouth.copy_(torch.stack([factor, self.shut]))

    @torch.no_grad()
    def learn_closing(self, codes: Tensor, aperture: Tensor) -> None:
        """Find out from codes (F, code) and apertures (F,) what closing the lips is."""
        mean, opened = codes.mean(dim=0), aperture - aperture.mean()
        together = ((codes - mean) * opened[:, None]).mean(dim=0)
        alike = codes.T.cov(correction=0) + RIDGE * torch.eye(codes.shape[1], device=codes.device)
        reads = torch.linalg.solve(alike, together)
        self.aperture.copy_(torch.cat([reads, (aperture.mean() - mean @ reads)[None]]))
        self.opening.copy_(together / (together @ reads))
        shut, wide = aperture.quantile(SHUT_QUANTILE), aperture.quantile(WIDE_QUANTILE)
        self.shut.copy_(shut)
        self.ajar.copy_((AJAR * (wide - shut)).clamp_min(1e-6))
        closed = codes[aperture <= shut + TIGHT * (wide - shut)]
        self.closed_mean.copy_(closed.mean(dim=0))
        _, spread, axes = torch.linalg.svd(closed - self.closed_mean, full_matrices=False)
        found = min(CLOSED_AXES, len(axes))
        self.closed_axes[:found] = axes[:found]
        self.closed_spread[:found] = spread[:found] / len(closed) ** 0.5


def history(features: Tensor, window: int) -> Tensor:
    """Rows (F, D) of one clip -> windows (F, window, D); the first row repeats into the past."""
    padded = torch.cat([features[:1].expand(window - 1, -1), features])
    return padded.unfold(0, window, 1).transpose(1, 2)
