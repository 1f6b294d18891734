"""Blend-Net by torch.compile, its weights frozen into the code."""

from typing import Any

import torch
from torch import Tensor

from avatar.rendering.backends.base import Backend
from avatar.speakers.speaker import Speaker


class CompiledBackend(Backend):
    """On a CPU row by row, so that one compilation serves every batch.

    The lip generator is left alone: its layers are fused by hand (`fast_lattice.py`).
    """

    name = "compile"

    def __init__(
        self, speaker: Speaker, device: torch.device, kind: torch.dtype, region: tuple[int, int]
    ) -> None:
        """Compile for regions of (height, width): half a minute on one core."""
        super().__init__(speaker, device, kind)
        options: dict[str, Any] | None = {"freezing": True} if device.type == "cpu" else None
        self._compiled: Any = torch.compile(super().residual, options=options)
        with torch.inference_mode():
            held = torch.zeros(1, 3, *region, device=device)
            self.residual(held, held[:, :1])

    def residual(self, composite: Tensor, masks: Tensor) -> Tensor:
        """What Blend-Net adds to composites (B, 3, h, w) under masks (B, 1, h, w)."""
        if self.device.type != "cpu":
            return torch.as_tensor(self._compiled(composite, masks))
        rows = zip(composite.split(1), masks.split(1), strict=True)
        return torch.cat([self._compiled(*row) for row in rows])
