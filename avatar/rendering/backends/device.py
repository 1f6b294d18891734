"""The device that renders: which one, in which number type, and how pictures come back from it."""

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from avatar.errors import AvatarError

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
    """bfloat16 where the processor multiplies in it, else float32 (CPU) or float16 (CUDA)."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    known = CPU_INFO.read_text() if CPU_INFO.is_file() else ""
    return torch.bfloat16 if "avx512_bf16" in known else torch.float32


@lru_cache
def device_stream(device: torch.device) -> torch.cuda.Stream | None:
    """The one CUDA stream that everything on this device is rendered on, or None on a CPU."""
    return torch.cuda.Stream(device) if device.type == "cuda" else None


def working_on(stream: torch.cuda.Stream | None) -> AbstractContextManager[object]:
    """Everything inside runs on `stream`."""
    return nullcontext() if stream is None else torch.cuda.stream(stream)


def to_device(values: Tensor, device: torch.device) -> Tensor:
    """Start copying to the device; later work on the same stream sees it whole."""
    if device.type == "cpu":
        return values
    return values.pin_memory().to(device, non_blocking=True)


class HostCopy:
    """Values on their way into pinned memory, whose blocks PyTorch keeps and uses again."""

    def __init__(self, values: Tensor) -> None:
        """Start copying; nobody waits yet."""
        self._values = values
        self._done: torch.cuda.Event | None = None
        if values.device.type != "cpu":
            self._values = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
            self._values.copy_(values, non_blocking=True)
            self._done = torch.cuda.Event()
            self._done.record()

    def wait(self) -> Tensor:
        """The values, once this copy (and no more than it) is done."""
        if self._done is not None:
            self._done.synchronize()
        return self._values
