"""Which back end draws: the one asked for if it runs here, else PyTorch's, and why."""

import logging

import torch

from avatar.rendering.backends.base import Backend
from avatar.rendering.backends.device import fast_type
from avatar.rendering.backends.registry import AUTO, BACKENDS, check_backend, quickest
from avatar.speakers.speaker import Speaker

log = logging.getLogger(__name__)


def choose_backend(
    wanted: str, speaker: Speaker, device: torch.device, region: tuple[int, int]
) -> Backend:
    """The back end `wanted` (a name in the registry, or `auto`), for regions of (height, width).

    Raises AvatarError for a name that is none.
    """
    check_backend(wanted)
    name = quickest(device.type) if wanted == AUTO else wanted
    try:
        return _build(name, speaker, device, region)
    except Exception as error:  # whatever an optional library trips over, PyTorch is there
        why = " ".join(str(error).split()) or type(error).__name__
        log.warning("the %s back end does not run here (%s); PyTorch draws instead", name, why)
        return Backend(speaker, device, fast_type(device))


def _build(name: str, speaker: Speaker, device: torch.device, region: tuple[int, int]) -> Backend:
    entry = BACKENDS[name]
    if entry.device not in (None, device.type):
        raise RuntimeError(f"it draws on {entry.device} only; use --device {entry.device}")
    backend: Backend = entry.factory(speaker, device, fast_type(device), region)
    return backend
