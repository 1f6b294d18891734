"""Blend-Net by TensorRT, on NVIDIA's GPUs (torch-tensorrt, an optional extra)."""

from typing import Any

import torch
from torch import Tensor, nn

from avatar.models.blend_net import BlendNet
from avatar.rendering.backends.base import Backend
from avatar.speakers.speaker import Speaker

BATCHES = (1, 2, 4, 8)  # an engine each; a larger batch goes through the last in parts


class TensorRtBackend(Backend):
    """Engines of static shapes; the CUDA graph of a batch size holds the one that it needs."""

    name = "tensorrt"

    def __init__(
        self, speaker: Speaker, device: torch.device, kind: torch.dtype, region: tuple[int, int]
    ) -> None:
        """Build the engines for regions of (height, width): minutes."""
        super().__init__(speaker, device, kind)
        import torch_tensorrt

        network = BlendNetResidual(self.blend_net).eval()
        self._engines: dict[int, Any] = {}
        for batch in BATCHES:
            shapes = [(batch, channels, *region) for channels in (3, 1)]
            self._engines[batch] = torch_tensorrt.compile(
                network,
                ir="dynamo",
                inputs=[torch_tensorrt.Input(shape, dtype=kind) for shape in shapes],
                use_explicit_typing=True,  # the number types of weights and inputs
            )

    def residual(self, composite: Tensor, masks: Tensor) -> Tensor:
        """What Blend-Net adds to composites (B, 3, h, w) under masks (B, 1, h, w).

        B is a batch size that `GraphedDrawing` captures.
        """
        size = min(len(composite), BATCHES[-1])
        inputs = (values.to(self.kind).contiguous() for values in (composite, masks))
        parts = zip(*(values.split(size) for values in inputs), strict=True)
        return torch.cat([self._engines[size](*part) for part in parts]).float()


class BlendNetResidual(nn.Module):
    """Blend-Net without the sum with the picture, which stays in float32."""

    def __init__(self, network: BlendNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, composite: Tensor, mask: Tensor) -> Tensor:
        """composite (B, 3, h, w), mask (B, 1, h, w) -> residual (B, 3, h, w)."""
        return self.network.residual(composite, mask)
