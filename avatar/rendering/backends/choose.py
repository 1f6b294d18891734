"""Which back end draws: the one asked for if it runs here, else PyTorch's, and why."""

import importlib.util
import logging

import torch

from avatar.errors import AvatarError
from avatar.rendering.backends.base import Backend
from avatar.rendering.backends.device import fast_type
from avatar.speakers.speaker import Speaker

log = logging.getLogger(__name__)

BACKENDS = ("auto", "torch", "compile", "openvino", "tensorrt")


def choose_backend(
    wanted: str, speaker: Speaker, device: torch.device, region: tuple[int, int]
) -> Backend:
    """One of BACKENDS, ready to draw regions of (height, width).

    `auto` takes what was measured to be quickest: OpenVINO on a CPU where it is installed, PyTorch
    (with CUDA graphs) otherwise.  Raises AvatarError for a name that is none.
    """
    if wanted not in BACKENDS:
        raise AvatarError(f"there is no back end {wanted!r}; use one of {', '.join(BACKENDS)}")
    name = quickest(device) if wanted == "auto" else wanted
    try:
        return _build(name, speaker, device, region)
    except Exception as error:  # whatever an optional library trips over, PyTorch is there
        why = " ".join(str(error).split()) or type(error).__name__
        log.warning("the %s back end does not run here (%s); PyTorch draws instead", name, why)
        return Backend(speaker, device, fast_type(device))


def quickest(device: torch.device) -> str:
    """The back end that `auto` means."""
    there = device.type == "cpu" and importlib.util.find_spec("openvino") is not None
    return "openvino" if there else "torch"


def _build(name: str, speaker: Speaker, device: torch.device, region: tuple[int, int]) -> Backend:
    kind = fast_type(device)
    if name == "openvino":
        if device.type != "cpu":
            raise RuntimeError("it draws on CPUs only; use --device cpu")
        from avatar.rendering.backends.openvino import OpenVinoBackend

        return OpenVinoBackend(speaker, device, kind, region)
    if name == "compile":
        from avatar.rendering.backends.torch_compile import CompiledBackend

        return CompiledBackend(speaker, device, kind, region)
    if name == "tensorrt":
        if device.type != "cuda":
            raise RuntimeError("it draws on CUDA devices only; use --device cuda")
        from avatar.rendering.backends.tensorrt import TensorRtBackend

        return TensorRtBackend(speaker, device, kind, region)
    return Backend(speaker, device, kind)
