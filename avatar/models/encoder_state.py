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

    def reset_row(self, row: int) -> None:
        """One stream as before its first chunk."""
        for tensor in self._tensors():
            tensor[row] = 0

    def take(self, rows: Tensor) -> Self:
        """The states of some of the streams, rows (n,), as a batch of their own."""
        return self._of([tensor[rows] for tensor in self._tensors()])

    def put(self, rows: Tensor, states: Self) -> None:
        """Write a batch of states back into the rows (n,) it was taken from."""
        for tensor, values in zip(self._tensors(), states._tensors(), strict=True):
            tensor[rows] = values

    def grown(self, rows: int) -> Self:
        """These streams, and new ones up to `rows` of them."""
        return self._of(
            [
                torch.cat([tensor, tensor.new_zeros(rows - len(tensor), *tensor.shape[1:])])
                for tensor in self._tensors()
            ]
        )

    def _tensors(self) -> list[Tensor]:
        mean = self.mean
        return [self.samples, mean.total, mean.weight, self.stem, self.trust, *self.blocks]

    def _of(self, tensors: list[Tensor]) -> Self:
        samples, total, weight, stem, trust, *blocks = tensors
        return type(self)(samples, MeanState(total, weight), stem, blocks, trust)
