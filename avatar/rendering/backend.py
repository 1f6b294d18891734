"""The speaker's networks in the fastest form this machine runs."""

from pathlib import Path

import torch
from torch import Tensor

from avatar.errors import AvatarError
from avatar.models.lip_generator import LatticeGenerator
from avatar.rendering.speaker import Networks

CPU_INFO = Path("/proc/cpuinfo")


def choose_device(wanted: str) -> torch.device:
    """`auto`, `cpu`, `cuda` or `cuda:1` -> a device that is there, or AvatarError."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if wanted.partition(":")[0] not in ("cpu", "cuda"):
        raise AvatarError(f"there is no device {wanted!r}; use auto, cpu or cuda")
    if wanted != "cpu" and not torch.cuda.is_available():
        raise AvatarError("there is no CUDA device on this machine; use --device cpu")
    return torch.device(wanted)


def fast_type(device: torch.device) -> torch.dtype:
    """bfloat16 where the processor multiplies in it, float32 elsewhere."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    known = CPU_INFO.read_text() if CPU_INFO.is_file() else ""
    return torch.bfloat16 if "avx512_bf16" in known else torch.float32


class Backend:
    """Runs the networks of one speaker; takes and gives float32."""

    def __init__(self, networks: Networks, device: torch.device, kind: torch.dtype) -> None:
        self.device, self.kind = device, kind
        self.encoder = networks.encoder.to(device)
        self.head = networks.head.to(device)
        self.generator = LatticeGenerator(networks.lips).to(device)
        self.blend_net = networks.blend.to(device)

    @property
    def multiple(self) -> int:
        """Both sides of a region must be multiples of this many pixels."""
        return int(self.blend_net.multiple)

    def code(self, windows: Tensor) -> Tensor:
        """Feature windows (B, window, features) -> lip codes f_s (B, code)."""
        return torch.as_tensor(self.head(windows))

    def lips(self, code: Tensor, times: Tensor) -> Tensor:
        """Lip codes and times (B,) -> canonical lip images (B, 3, h, w)."""
        return torch.as_tensor(self.generator(code, times))

    def blend(self, composite: Tensor, masks: Tensor) -> Tensor:
        """Blend-Net on composites (B, 3, h, w)."""
        return torch.as_tensor(self.blend_net(composite, masks))
