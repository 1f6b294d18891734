"""Lip generator and Blend-Net by OpenVINO, on Intel's and AMD's processors."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avatar.models.lip_generator import LatticeGenerator
from avatar.rendering.backends.base import Backend
from avatar.speakers.speaker import Speaker

CACHE = "speech2lip-live/openvino"  # in the user's folder for caches
_FIRST_USE = Lock()


class OpenVinoBackend(Backend):
    """Row by row: its kernels gain nothing from a batch."""

    name = "openvino"

    def __init__(
        self, speaker: Speaker, device: torch.device, kind: torch.dtype, region: tuple[int, int]
    ) -> None:
        """Regions are (height, width).  What was converted once is kept in a cache folder."""
        super().__init__(speaker, device, kind)
        networks, config = speaker.networks, speaker.card.model.lips
        code, times = torch.zeros(1, config.code), torch.zeros(1)
        held = torch.zeros(1, 3, *region)
        self._lips = _request(LatticeGenerator(networks.lips), (code, times), kind)
        self._blend = _request(networks.blend, (held, held[:, :1]), kind)

    def lips(self, code: Tensor, times: Tensor) -> Tensor:
        """Lip codes (B, code) and times (B,) -> canonical lip images (B, 3, h, w)."""
        return _rows(self._lips, code, times)

    def blend(self, composite: Tensor, masks: Tensor) -> Tensor:
        """Blend-Net on composites (B, 3, h, w) under masks (B, 1, h, w)."""
        return _rows(self._blend, composite, masks)


def _rows(request: Any, *inputs: Tensor) -> Tensor:
    rows = zip(*(tensor.contiguous().split(1) for tensor in inputs), strict=True)
    found = [request.infer([part.numpy() for part in row], share_inputs=True)[0] for row in rows]
    return torch.from_numpy(found[0] if len(found) == 1 else np.concatenate(found))


def _request(module: nn.Module, example: tuple[Tensor, ...], kind: torch.dtype) -> Any:
    """An inference request on one thread for inputs shaped like `example`."""
    openvino = load_openvino()
    path = _cache() / _key(module, example, openvino.__version__) / "model.xml"
    if not path.exists():
        _convert(module, example, path)
    settings = {
        "INFERENCE_NUM_THREADS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32" if kind == torch.float32 else "bf16",
    }
    return openvino.Core().compile_model(path, "CPU", settings).create_infer_request()


def load_openvino() -> Any:
    """The module, ready to be used by several threads."""
    # Without this module, OpenVINO reports nothing about its use to anybody.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    # Two threads that are the first to use NumPy's types in it wait for each other for ever.
    with _FIRST_USE:
        openvino.Type.f32.to_dtype()
    return openvino


def _convert(module: nn.Module, example: tuple[Tensor, ...], path: Path) -> None:
    openvino = load_openvino()
    shapes = [list(tensor.shape) for tensor in example]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing: shapes are meant to be fixed
        model = openvino.convert_model(module, example_input=example, input=shapes)
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=path.parent.parent))
    try:
        openvino.save_model(model, folder / path.name, compress_to_fp16=False)
        with contextlib.suppress(OSError):  # another process was quicker
            folder.rename(path.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _key(module: nn.Module, example: tuple[Tensor, ...], version: str) -> str:
    shapes = [tuple(tensor.shape) for tensor in example]
    digest = hashlib.sha256(f"{version} {module} {shapes}".encode())
    for weight in module.state_dict().values():
        digest.update(weight.contiguous().numpy().tobytes())
    return digest.hexdigest()


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / CACHE
