"""The speaker's networks in the fastest form that plain PyTorch gives them on this machine."""

import copy

import torch
from torch import Tensor

from avatar.models.blend_net import BlendNet
from avatar.rendering.backends.fast_lattice import FastLattice
from avatar.rendering.backends.streaming_encoder import fingerprint, new_streaming_encoder
from avatar.speakers.speaker import Speaker


class Backend:
    """Runs the networks of one speaker in the number type `kind`; takes and gives float32.

    The large products (lip generator, Blend-Net) run in `kind`; speech encoder and head, which
    are small and carry the state of a stream, stay in float32.  Other back ends are subclasses
    that replace the two large ones.
    """

    name = "torch"

    def __init__(
        self,
        speaker: Speaker,
        device: torch.device,
        kind: torch.dtype,
        region: tuple[int, int] | None = None,  # noqa: ARG002
    ) -> None:
        """`region`: (height, width) of all regions, for back ends that compile for one size."""
        self.device, self.kind = device, kind
        networks = copy.deepcopy(speaker.networks)
        self.encoder = networks.encoder.to(device)
        self.hears_like = fingerprint(self.encoder)
        self.ear = new_streaming_encoder(self.encoder, self.hears_like)
        self.head = networks.head.to(device)
        self.lattice = FastLattice(networks.lips.to(device), speaker.canonical.lip_mask, kind)
        self.blend_net: BlendNet = networks.blend.to(device, kind)
        for weight in self.blend_net.parameters():
            if weight.dim() == 4:
                weight.data = weight.data.contiguous(memory_format=torch.channels_last)

    @property
    def multiple(self) -> int:
        """Both sides of a region must be multiples of this many pixels."""
        return self.blend_net.multiple

    def code(self, windows: Tensor) -> Tensor:
        """Feature windows (B, window, features) -> lip codes f_s (B, code)."""
        code: Tensor = self.head(windows)
        return code

    def lips(self, code: Tensor, times: Tensor) -> Tensor:
        """Lip codes (B, code) and times (B,) -> canonical lip images (B, 3, h, w)."""
        return self.lattice(code, times)

    def blend(self, composite: Tensor, masks: Tensor) -> Tensor:
        """Blend-Net on composites (B, 3, h, w) under masks (B, 1, h, w).

        Only its products run in `kind`: the composite itself passes through in float32.
        """
        return composite + self.residual(composite, masks)

    def residual(self, composite: Tensor, masks: Tensor) -> Tensor:
        """What Blend-Net adds to composites (B, 3, h, w) under masks (B, 1, h, w)."""
        held = composite.to(self.kind, memory_format=torch.channels_last)
        return self.blend_net.residual(held, masks.to(self.kind)).float()
