"""Rendering on a GPU: a true one where it is at hand, else one that is made believe."""

import functools
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.audio import SAMPLE_RATE
from avatar.errors import AvatarError, DeviceLost
from avatar.i420 import planes_of_rgb, rgb_of_planes
from avatar.media.samples import Samples
from avatar.rendering.backends import cuda_graph
from avatar.rendering.backends.device import choose_device
from avatar.rendering.pipeline import Picture, Pipeline, Stream, hear_together, step_together
from avatar.rendering.pose_control import PosedHead
from avatar.rendering.pose_path import PosePath
from avatar.rendering.render_video import render_film
from avatar.speakers.speaker import Speaker
from tests.sounds import write_wav

LEAST_PSNR = 45.0  # dB between pictures drawn here and there

pytestmark = pytest.mark.cuda


@pytest.fixture(autouse=True)
def few_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_graph, "BUCKETS", (1, 2, 4))


def sound(seed: int, frames: int) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, (frames, 640)).astype(np.float32)


def talk(pipeline: Pipeline, stream: Stream, chunks: Samples) -> list[Picture | None]:
    return [pipeline.step([stream], [chunk])[0] for chunk in chunks]


def psnr(made: Picture | None, true: Picture | None) -> float:
    assert made is not None
    assert true is not None
    assert made.index == true.index
    error = (made.i420.astype(float) - true.i420) ** 2
    return float(10 * np.log10(255**2 / max(error.mean(), 1e-9)))


def same(made: list[Picture | None], true: list[Picture | None]) -> bool:
    assert made[:2] == true[:2] == [None, None]
    return all(psnr(a, b) >= LEAST_PSNR for a, b in zip(made[2:], true[2:], strict=True))


def test_colours_are_those_of_the_cpu(cuda: str) -> None:
    rgb = torch.rand(2, 3, 8, 6)
    here = [part.cpu() for part in planes_of_rgb(rgb.to(cuda))]
    for made, true in zip(here, planes_of_rgb(rgb), strict=True):
        assert int((made.int() - true.int()).abs().max()) <= 1
    back = rgb_of_planes(*(part.to(cuda) for part in here)).cpu()
    torch.testing.assert_close(back, rgb_of_planes(*here), atol=1e-4, rtol=0)


@pytest.mark.parametrize("preset", ["realtime", "paper"])
def test_pictures_are_those_of_the_cpu(
    preset: str, tiny: Speaker, tiny_paper: Speaker, cuda: str
) -> None:
    speaker = tiny if preset == "realtime" else tiny_paper
    chunks = sound(1, 6)
    here, there = Pipeline(speaker, "cpu", backend="torch"), Pipeline(speaker, cuda)
    made, true = talk(there, there.open(), chunks), talk(here, here.open(), chunks)
    assert there.device.type == "cuda"
    assert same(made, true)


def test_callers_of_several_speakers_come_and_go(
    tiny: Speaker, tiny_paper: Speaker, cuda: str
) -> None:
    pipelines = [Pipeline(tiny, cuda), Pipeline(tiny_paper, cuda)]
    chunks = sound(2, 9)
    alone = [talk(pipeline, pipeline.open(), chunks) for pipeline in pipelines]
    first = [(pipelines[n % 2], pipelines[n % 2].open()) for n in range(3)]
    for number in range(3):
        step_together([(*caller, chunks[number]) for caller in first])
    left, callers = first[1], [first[0], first[2], (pipelines[1], pipelines[1].open())]
    shown = [
        step_together([(*callers[0], chunks[n]), (*callers[1], chunks[n]), (*callers[2], chunk)])
        for n, chunk in zip(range(3, 9), chunks[:6], strict=True)
    ]
    for row, true in ((0, alone[0][3:]), (1, alone[0][3:]), (2, alone[1][:6])):
        pairs = zip([step[row] for step in shown], true, strict=True)
        assert all(a is b or psnr(a, b) >= LEAST_PSNR for a, b in pairs)
    left[1].reset()
    assert same(talk(*left, chunks), alone[1])
    left[1].reset()
    for chunk in chunks[:4]:
        hear_together([(*left, chunk)])
    pairs = zip(talk(*left, chunks[4:]), alone[1][4:], strict=True)
    assert all(psnr(a, b) >= LEAST_PSNR for a, b in pairs)


def test_a_turned_head(tiny: Speaker, cuda: str) -> None:
    path = PosePath(np.array([0.0]), np.array([[10.0, -5.0, 2.0]]))
    turned = functools.partial(PosedHead, path=path)
    here, there = (Pipeline(tiny, d, scene=turned, backend="torch") for d in ("cpu", cuda))
    chunks = sound(3, 4)
    assert same(talk(there, there.open(), chunks), talk(here, here.open(), chunks))


def test_a_film(tiny: Speaker, cuda: str, tmp_path: Path) -> None:
    write_wav(tmp_path / "sound.wav", sound(4, 5).ravel(), SAMPLE_RATE)
    pipeline = Pipeline(tiny, cuda)
    assert render_film([pipeline], tmp_path / "sound.wav", tmp_path / "o.mp4", lambda *_: None) == 5


def out_of_memory(*_: object) -> None:
    raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.\nSee the notes.")


def test_a_gpu_without_room_gives_way_to_the_cpu_and_the_log_says_why(
    tiny: Speaker, cuda: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cuda_graph.GraphedDrawing, "prepare", out_of_memory)
    pipeline = Pipeline(tiny, "auto", backend="torch")
    assert pipeline.device.type == "cpu"
    assert caplog.messages == [
        "the GPU cannot be used (CUDA out of memory. Tried to allocate 2.00 GiB.); "
        "the CPU draws instead"
    ]
    assert talk(pipeline, pipeline.open(), sound(1, 3))[2] is not None
    with pytest.raises(AvatarError, match=r"out of memory.*use --device cpu"):
        Pipeline(tiny, cuda)


def test_a_gpu_that_fails_in_the_middle_is_lost(
    tiny: Speaker, cuda: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = Pipeline(tiny, cuda)
    stream = pipeline.open()

    def fail(*_: object) -> None:
        raise RuntimeError("CUDA error: unspecified launch failure\nCompile with ...")

    monkeypatch.setattr(pipeline.backend.ear, "hear", fail)
    with pytest.raises(DeviceLost, match=r"^CUDA error: unspecified launch failure$"):
        pipeline.step([stream], [sound(1, 1)[0]])


def test_a_driver_that_is_too_old_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unavailable() -> bool:
        warnings.warn("The NVIDIA driver on your system is too old", stacklevel=1)
        return False

    monkeypatch.setattr(torch.cuda, "is_available", unavailable)
    assert choose_device("auto").type == "cpu"
    assert "driver on your system is too old" in caplog.text
    with pytest.raises(AvatarError, match="too old"):
        choose_device("cuda")
