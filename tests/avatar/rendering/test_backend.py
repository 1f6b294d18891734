"""Every number type that this machine runs draws the picture of the plain float32 modules."""

import numpy as np
import pytest
import torch
from torch import Tensor

from avatar.errors import AvatarError
from avatar.models.lip_generator import LatticeGenerator
from avatar.models.speech_head import history
from avatar.rendering.backend import Backend
from avatar.rendering.compose import paste
from avatar.rendering.device import choose_device, fast_type
from avatar.rendering.fast_lattice import seen_points
from avatar.rendering.features import features_of
from avatar.rendering.reference_loop import ReferenceLoop
from avatar.rendering.speaker import Speaker

LEAST_PSNR = 45.0  # dB against float32
CPU = torch.device("cpu")


def kinds() -> list[tuple[torch.device, torch.dtype]]:
    found = [(CPU, torch.float32), (CPU, torch.bfloat16)]
    if torch.cuda.is_available():
        cuda = torch.device("cuda")
        found += [(cuda, torch.float32), (cuda, fast_type(cuda))]
    return found


def eager(speaker: Speaker, windows: Tensor, frames: list[int]) -> Tensor:
    """Finished regions by the plain modules."""
    place = ReferenceLoop(speaker, CPU).place(frames)
    networks = speaker.networks
    lips = LatticeGenerator(networks.lips)(networks.head(windows), place.times)
    composite = paste(place.regions, lips, place.grids, place.masks)
    return torch.as_tensor(networks.blend(composite, place.masks))


def fast(
    speaker: Speaker, windows: Tensor, frames: list[int], device: torch.device, kind: torch.dtype
) -> Tensor:
    """The same through a backend."""
    backend = Backend(speaker, device, kind)
    place = ReferenceLoop(speaker, device).place(frames)
    lips = backend.lips(backend.code(windows.to(device)), place.times)
    composite = paste(place.regions, lips, place.grids, place.masks)
    return backend.blend(composite, place.masks).float().cpu()


@pytest.mark.parametrize(("device", "kind"), kinds())
@pytest.mark.parametrize("preset", ["tiny", "tiny_paper"])
def test_same_picture(
    preset: str, device: torch.device, kind: torch.dtype, request: pytest.FixtureRequest
) -> None:
    speaker: Speaker = request.getfixturevalue(preset)
    sound = np.random.default_rng(3).normal(0, 0.1, 20 * 640).astype(np.float32)
    features = torch.from_numpy(features_of(speaker.networks.encoder, sound))
    windows = history(features, speaker.networks.head.config.window)[[4, 10, 19]]
    with torch.inference_mode():
        true = eager(speaker, windows, [0, 5, 11]).clamp(0, 1)
        made = fast(speaker, windows, [0, 5, 11], device, kind).clamp(0, 1)
    error = float((true - made).square().mean())
    assert 10 * np.log10(1 / max(error, 1e-12)) >= LEAST_PSNR


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
        with pytest.raises(AvatarError, match="no CUDA device"):
            choose_device("cuda")
