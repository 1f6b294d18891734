"""The device that renders: which one, in which number type, and how pictures come back from it."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from avatar.errors import AvatarError, DeviceLost
from avatar.rendering.backends.registry import AUTO

log = logging.getLogger(__name__)

CPU = torch.device("cpu")
CPU_INFO = Path("/proc/cpuinfo")
LOST = ("CUDA error", "CUDA out of memory", "CUDNN_STATUS", "CUBLAS_STATUS")  # in PyTorch's words


def choose_device(wanted: str) -> torch.device:
    """`auto`, `cpu`, `cuda` or `cuda:1` -> a device that computes, or AvatarError.

    `auto` means the GPU; one that cannot be used gives way to the CPU, and the log says why.
    """
    if wanted.partition(":")[0] not in (AUTO, "cpu", "cuda"):
        raise AvatarError(f"there is no device {wanted!r}; use auto, cpu or cuda")
    if wanted == "cpu":
        return CPU
    device = torch.device("cuda" if wanted == AUTO else wanted)
    obstacle = _obstacle(device)
    if obstacle is None:
        return device
    if wanted != AUTO:
        why = f"cannot be used ({obstacle})" if obstacle else "is not on this machine"
        raise AvatarError(f"a CUDA device {why}; use --device cpu")
    return give_way(obstacle) if obstacle else CPU


def give_way(why: str) -> torch.device:
    """The CPU, and a line in the log that says why it is not the GPU."""
    log.warning("the GPU cannot be used (%s); the CPU draws instead", why)
    return CPU


def first_line(error: object) -> str:
    """What an error says, without PyTorch's advice below it."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@contextmanager
def device_loss() -> Iterator[None]:
    """Whatever CUDA says inside of a device that works no more becomes `DeviceLost`."""
    try:
        yield
    except RuntimeError as error:
        if any(sign in str(error) for sign in LOST):
            raise DeviceLost(first_line(error)) from error
        raise


def _obstacle(device: torch.device) -> str | None:
    """Why nothing can be computed on a CUDA device, empty if there is none; None if it can."""
    with warnings.catch_warnings(record=True) as said:  # PyTorch warns of a driver that is too old
        warnings.simplefilter("always")
        there = torch.cuda.is_available()
    if not there:
        return first_line(said[-1].message) if said else ""
    try:
        torch.ones(1, device=device).add_(1).cpu()
    except RuntimeError as error:
        return first_line(error)
    return None


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
            self._done = torch.cuda.Event(blocking=True)  # waiting sleeps: spinning takes a core
            self._done.record()

    def wait(self) -> Tensor:
        """The values, once this copy (and no more than it) is done."""
        if self._done is not None:
            self._done.synchronize()
        return self._values
