"""What machine a figure was measured on."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import torch

CPU_INFO = Path("/proc/cpuinfo")
FAST_INSTRUCTIONS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


@dataclass(frozen=True)
class Machine:
    """Processor, accelerator and the libraries that use them."""

    processor: str
    cores: int  # that this process may use
    instructions: list[str]
    gpu: str | None
    system: str
    python: str
    torch: str
    load_average: float  # over the last minute, when the measurement began


def this_machine() -> Machine:
    """Describe the machine this runs on."""
    info = CPU_INFO.read_text() if CPU_INFO.is_file() else ""
    models = [line.partition(":")[2].strip() for line in info.splitlines() if "model name" in line]
    flags = set(info.split())
    return Machine(
        processor=models[0] if models else platform.processor(),
        cores=len(allowed_cores()),
        instructions=[name for name in FAST_INSTRUCTIONS if name in flags],
        gpu=torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        system=platform.platform(),
        python=platform.python_version(),
        torch=torch.__version__,
        load_average=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
    )


def allowed_cores() -> list[int]:
    """Processor cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def pin_to(core: int) -> None:
    """Stay on one core, where the system lets us."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
