"""Blend-Net by TensorRT, on NVIDIA's GPUs (torch-tensorrt, an optional extra)."""

from typing import Any

import torch
from torch import Tensor

from avatar.rendering.backend import Backend
from avatar.rendering.cuda_graph import BUCKETS
from avatar.rendering.speaker import Speaker

LARGEST = 8  # pictures that one engine takes at once; larger batches go through in parts


class TensorRtBackend(Backend):
    """Engines of static shapes, one for each batch size up to LARGEST; CUDA graphs hold them."""

    name = "tensorrt"

    def __init__(
        self, speaker: Speaker, device: torch.device, kind: torch.dtype, region: tuple[int, int]
    ) -> None:
        """Build the engines for regions of (height, width): minutes."""
        super().__init__(speaker, device, kind)
        import torch_tensorrt

        self._engines: dict[int, Any] = {}
        network = self.blend_net.float()
        for batch in (bucket for bucket in BUCKETS if bucket <= LARGEST):
            inputs = [
                torch_tensorrt.Input((batch, channels, *region), dtype=torch.float32)
                for channels in (3, 1)
            ]
            self._engines[batch] = torch_tensorrt.compile(
                network,
                ir="dynamo",
                inputs=inputs,
                enabled_precisions={torch.float32, kind},
            )

    def blend(self, composite: Tensor, masks: Tensor) -> Tensor:
        """Blend-Net on composites (B, 3, h, w) under masks (B, 1, h, w); B is a bucket's size."""
        size = min(len(composite), LARGEST)
        parts = zip(composite.split(size), masks.split(size), strict=True)
        return torch.cat([self._engines[size](*part) for part in parts])
