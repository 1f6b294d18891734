"""An ear that learns by what a lip reader sees in the lips it asks for."""

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from avatar.errors import AvatarError
from avatar.models.word_reader import WordReader, WordReaderConfig
from avatar.training import trainer as trainer_module
from avatar.training.lip_data import LipData
from avatar.training.lip_reading.network_file import save_network
from avatar.training.lip_reading.reader_loss import ReaderLoss
from avatar.training.readable_task import ReadableTask
from avatar.training.trainer import Trained, train

from .made_speaker import quiet, request, small_encoder

ROWS = torch.arange(10, 34)


@pytest.fixture(scope="module")
def reader() -> WordReader:
    """It has learned nothing, but what it sees differs where mouths do."""
    torch.manual_seed(0)
    return WordReader(WordReaderConfig((("a", "b"),) * 6)).eval().requires_grad_(False)


def regions(data: LipData, rows: torch.Tensor) -> torch.Tensor:
    return data.region_frames[rows].float() / 255


def chance() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def test_true_lips_cost_nothing_and_those_of_other_frames_do(
    trained: Trained, reader: WordReader
) -> None:
    loss = ReaderLoss(reader, trained.data)
    true = regions(trained.data, ROWS)
    same = loss(ROWS, true, chance())
    other = loss(ROWS, true.flip(0), chance())
    assert float(same) == pytest.approx(0, abs=1e-6)
    assert float(other) > 0.05


def test_the_ear_comes_nearer_to_what_the_reader_sees(trained: Trained, reader: WordReader) -> None:
    networks = replace(trained.networks, head=copy.deepcopy(trained.networks.head))
    torch.nn.init.zeros_(networks.head.leave.weight)
    pictures = copy.deepcopy(networks.lips.state_dict())
    sound = torch.from_numpy(trained.data.tracked.sound.copy())
    task = ReadableTask(trained.data, sound, None, networks, reader, torch.device("cpu"))
    optimiser = torch.optim.Adam(task.parameter_groups(), lr=5e-3)
    differences = []
    for _ in range(10):
        difference = task.losses(chance(), 0.0)["reader"]
        optimiser.zero_grad()
        difference.backward()
        optimiser.step()
        differences.append(float(difference.detach()))
    assert differences[-1] < 0.8 * differences[0]
    after = networks.lips.state_dict()
    assert all(torch.equal(weights, after[name]) for name, weights in pictures.items())


def test_training_with_a_reader_ends_in_a_phase_of_its_own(
    reader: WordReader, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "reader.safetensors"
    save_network(reader, reader.config, path)
    monkeypatch.setattr(trainer_module, "preprocess", lambda *_: trained.data.tracked)
    monkeypatch.setattr(trainer_module, "load_encoder", small_encoder)
    wanted = request(tmp_path, reader=path, other_voices=False, steps=12)
    wanted.check()
    found = train(wanted, quiet, quiet)
    assert list(found.curves)[-1] == "readable"
    assert found.curves["readable"].steps
    with torch.inference_mode():
        heard = found.networks.head(found.networks.head.windows(found.features))
    assert torch.allclose(found.heard, heard, atol=1e-5), "what is judged is the ear it ends with"


def test_a_file_that_holds_no_reader_is_refused_before_anything_begins(tmp_path: Path) -> None:
    (tmp_path / "reader.safetensors").write_bytes(b"no weights")
    with pytest.raises(AvatarError, match="train-reader"):
        request(tmp_path, reader=tmp_path / "reader.safetensors").check()
