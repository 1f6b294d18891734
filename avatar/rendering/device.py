"""The device that renders: which one, in which number type, and how pictures come back from it."""

from contextlib import AbstractContextManager, nullcontext
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


def new_stream(device: torch.device) -> torch.cuda.Stream | None:
    """A CUDA stream of one's own, or None on a CPU."""
    return torch.cuda.Stream(device) if device.type == "cuda" else None


def working_on(stream: torch.cuda.Stream | None) -> AbstractContextManager[object]:
    """Everything inside runs on `stream`."""
    return nullcontext() if stream is None else torch.cuda.stream(stream)


def to_device(values: Tensor, device: torch.device) -> Tensor:
    """Start copying to the device; later work on the same stream sees it whole."""
    if device.type == "cpu":
        return values
    return values.pin_memory().to(device, non_blocking=True)


def to_host(values: Tensor) -> Tensor:
    """Copy into pinned memory and wait for this copy alone."""
    if values.device.type == "cpu":
        return values
    host = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
    host.copy_(values, non_blocking=True)
    done = torch.cuda.Event()
    done.record()
    done.synchronize()
    return host
