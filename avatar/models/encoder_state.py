"""All that the speech encoder remembers of a stream between two chunks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from avatar.models.log_mel import TAIL
from avatar.models.running_mean import MeanState


@dataclass
class EncoderState:
    """Of one stream or of a batch of streams; the first axis of every tensor is the batch."""

    samples: Tensor
    """(B, TAIL) the sound's last samples."""
    mean: MeanState
    """Running mean of the log-mels."""
    stem: Tensor
    """(B, frames, mels + 1) what the stem still needs."""
    blocks: list[Tensor]
    """(B, 2 dilation, channels) of each block."""
    trust: Tensor
    """(B,) the smoothed reliability."""

    @classmethod
    def fresh(
        cls,
        batch: int,
        *,
        mels: int,
        stem: int,
        channels: int,
        dilations: tuple[int, ...],
        device: torch.device,
    ) -> Self:
        """The state before the first chunk."""

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(batch, *shape, device=device)

        return cls(
            samples=zeros(TAIL),
            mean=MeanState(total=zeros(mels), weight=zeros()),
            stem=zeros(stem, mels + 1),
            blocks=[zeros(2 * dilation, channels) for dilation in dilations],
            trust=zeros(),
        )

    def reset(self) -> None:
        """As before the first chunk."""
        for tensor in self._tensors():
            tensor.zero_()

    @classmethod
    def stack(cls, states: list[Self]) -> Self:
        """The states of several streams as one batch."""
        first = states[0]
        columns = zip(*(state._tensors() for state in states), strict=True)
        return first._of([torch.cat(column) for column in columns])

    def unstack(self) -> list[Self]:
        """One state of batch one for each stream of the batch."""
        streams = len(self.samples)
        columns = [tensor.split(1) for tensor in self._tensors()]
        return [self._of([column[row] for column in columns]) for row in range(streams)]

    def _tensors(self) -> list[Tensor]:
        mean = self.mean
        return [self.samples, mean.total, mean.weight, self.stem, self.trust, *self.blocks]

    def _of(self, tensors: list[Tensor]) -> Self:
        samples, total, weight, stem, trust, *blocks = tensors
        return type(self)(samples, MeanState(total, weight), stem, blocks, trust)
