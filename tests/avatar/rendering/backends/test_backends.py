"""Whatever draws on this machine draws the picture of the plain float32 modules."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from avatar.errors import AvatarError
from avatar.models.lip_generator import LatticeGenerator
from avatar.models.speech_head import history
from avatar.rendering.backends.base import Backend
from avatar.rendering.backends.choose import choose_backend
from avatar.rendering.backends.device import choose_device
from avatar.rendering.backends.fast_lattice import seen_points
from avatar.rendering.backends.registry import BACKENDS, PLAIN, quickest
from avatar.rendering.compose import paste
from avatar.rendering.reference_loop import ReferenceLoop
from avatar.rendering.speech_features import features_of
from avatar.speakers.speaker import Speaker
from tests.support import need

COMPILES = {"cpu": "g++", "cuda": "triton"}  # what torch.compile needs
LEAST_PSNR = 45.0  # dB against float32
CPU = torch.device("cpu")


def eager(speaker: Speaker, windows: Tensor, frames: list[int]) -> Tensor:
    """Finished regions by the plain modules."""
    place = ReferenceLoop(speaker, CPU).place(frames)
    networks = speaker.networks
    lips = LatticeGenerator(networks.lips)(networks.head(windows), place.times)
    composite = paste(place.regions, lips, place.grids, place.masks)
    return torch.as_tensor(networks.blend(composite, place.masks))


def finished(backend: Backend, speaker: Speaker, windows: Tensor, frames: list[int]) -> Tensor:
    """The same through a back end."""
    place = ReferenceLoop(speaker, backend.device).place(frames)
    lips = backend.lips(backend.code(windows.to(backend.device)), place.times)
    composite = paste(place.regions, lips, place.grids, place.masks)
    return backend.blend(composite, place.masks).float().cpu()


def devices() -> list[torch.device]:
    return [CPU, torch.device("cuda")] if torch.cuda.is_available() else [CPU]


def differs_by(backend: Backend, speaker: Speaker) -> float:
    """PSNR in dB against the plain modules, for a batch of three."""
    sound = np.random.default_rng(3).normal(0, 0.1, 20 * 640).astype(np.float32)
    features = torch.from_numpy(features_of(speaker.networks.encoder, sound))
    windows = history(features, speaker.networks.head.config.window)[[4, 10, 19]]
    with torch.inference_mode():
        true = eager(speaker, windows, [0, 5, 11]).clamp(0, 1)
        made = finished(backend, speaker, windows, [0, 5, 11]).clamp(0, 1)
    error = float((true - made).square().mean())
    return float(10 * np.log10(1 / max(error, 1e-12)))


@pytest.mark.parametrize("device", devices())
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("preset", ["tiny", "tiny_paper"])
def test_same_picture_in_every_number_type(
    preset: str, kind: torch.dtype, device: torch.device, request: pytest.FixtureRequest
) -> None:
    speaker: Speaker = request.getfixturevalue(preset)
    assert differs_by(Backend(speaker, device, kind), speaker) >= LEAST_PSNR


@pytest.mark.parametrize(
    ("name", "device"),
    [
        (name, device)
        for device in devices()
        for name, entry in BACKENDS.items()
        if name != PLAIN and entry.device in (None, device.type)
    ],
)
def test_same_picture_by_every_back_end(
    name: str,
    device: torch.device,
    tiny: Speaker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = BACKENDS[name].package or COMPILES[device.type]
    need(package)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    backend = choose_backend(name, tiny, device, ReferenceLoop(tiny, CPU).size)
    assert backend.name == name
    assert differs_by(backend, tiny) >= LEAST_PSNR


def test_what_was_converted_once_is_used_again(
    tiny: Speaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("openvino")
    import openvino

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    region = ReferenceLoop(tiny, CPU).size
    choose_backend("openvino", tiny, CPU, region)
    monkeypatch.delattr(openvino, "convert_model")
    backend = choose_backend("openvino", tiny, CPU, region)
    assert backend.name == "openvino"
    assert differs_by(backend, tiny) >= LEAST_PSNR


def test_a_back_end_that_does_not_run_gives_way_and_says_why(
    tiny: Speaker, caplog: pytest.LogCaptureFixture
) -> None:
    region = ReferenceLoop(tiny, CPU).size
    backend = choose_backend("tensorrt", tiny, CPU, region)
    assert backend.name == "torch"
    assert "draws on cuda only" in caplog.text
    assert choose_backend("auto", tiny, CPU, region).name == quickest("cpu")
    with pytest.raises(AvatarError, match="there is no back end 'abacus'"):
        choose_backend("abacus", tiny, CPU, region)


def test_every_back_end_is_in_the_documentation() -> None:
    text = (Path(__file__).parents[4] / "docs/benchmarks.md").read_text(encoding="utf-8")
    for name, entry in BACKENDS.items():
        assert f"| `{name}` |" in text
        assert entry.maker.partition(":")[2] == entry.factory.__name__


def test_only_what_the_mask_covers_is_drawn() -> None:
    mask = torch.zeros(40, 60)
    mask[15:25, 20:40] = 1
    seen = seen_points(mask, (20, 30))
    rows, columns = seen // 30, seen % 30
    assert int(rows.min()) in range(3, 6)
    assert int(rows.max()) in range(14, 17)
    assert int(columns.min()) in range(6, 9)
    assert int(columns.max()) in range(21, 25)


def test_a_backend_leaves_the_speaker_alone(tiny: Speaker) -> None:
    before = tiny.networks.blend.leave.weight.clone()
    Backend(tiny, CPU, torch.bfloat16)
    assert tiny.networks.blend.leave.weight.dtype == torch.float32
    assert torch.equal(tiny.networks.blend.leave.weight, before)


def test_devices() -> None:
    assert choose_device("cpu") == CPU
    with pytest.raises(AvatarError, match="there is no device 'abacus'"):
        choose_device("abacus")
    if not torch.cuda.is_available():
        assert choose_device("auto") == CPU
        with pytest.raises(AvatarError, match="is not on this machine"):
            choose_device("cuda")
