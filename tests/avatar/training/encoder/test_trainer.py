"""Training learns, survives being stopped, and is judged on voices it never heard."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.errors import AvatarError
from avatar.models.speech_encoder import EncoderConfig, SpeechEncoder
from avatar.rendering.speech_features import load_encoder
from avatar.training.encoder.batches import FRAMES, Mixer
from avatar.training.encoder.evaluate import evaluate
from avatar.training.encoder.shards import Shard
from avatar.training.encoder.trainer import KEPT, Settings, Trainer

TINY = EncoderConfig(channels=32, hidden=32, dilations=(1, 2, 4))


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_shards_keep_held_voices_apart(shards: Path) -> None:
    held, clean = (Shard.load(shards / f"{name}.npz") for name in ("held-real", "real-clean"))
    assert set(held.voices) == {"s2"}
    assert set(clean.voices) == {"s0", "s1"}
    assert clean.mels.shape == (len(clean.phones), 64)
    assert clean.starts[-1] == len(clean.mouth)
    assert 0 <= clean.mouth.min() <= clean.mouth.max() <= 1
    tts = set(Shard.load(shards / "held-tts.npz").voices)
    assert not tts & set(Shard.load(shards / "tts-espeak.npz").voices)


def test_batches_hold_speech_and_noise_in_step(shards: Path) -> None:
    speech, noise = Shard.load(shards / "real-clean.npz"), Shard.load(shards / "noise.npz")
    batch = Mixer([speech], [1.0], [noise], np.random.default_rng(0)).draw(24)
    assert batch.mels.shape == (24, FRAMES, 64)
    assert batch.phones.shape == batch.reliability.shape == batch.mouth.shape[:2] == (24, FRAMES)
    noise_only = (batch.phones == 0).all(1)
    assert 0 < noise_only.sum() < 8
    assert not batch.reliability[noise_only].any()
    assert batch.reliability[~noise_only].mean() > 0.5


def test_training_learns_and_resumes(shards: Path, tmp_path: Path) -> None:
    totals: list[float] = []
    first = Trainer(shards, tmp_path, TINY, Settings(seconds=4, batch=8))
    first.run(lambda _, losses: totals.append(losses["total"]))
    assert totals[-1] < 0.75 * totals[0]
    again = Trainer(shards, tmp_path, TINY, Settings(seconds=5, batch=8))
    assert again.resume()
    assert again.step == first.step
    again.run(lambda *_: None)
    assert again.step > first.step
    encoder = load_encoder(tmp_path / "speech_encoder.safetensors")
    figures = evaluate(encoder, shards)
    assert figures["real"]["phone_accuracy"] > 0.1
    assert figures["real"]["voices"] == 1
    assert figures["noise"]["silence"] < 0.05
    assert figures["speed"]["ms_per_chunk"] > 0


def test_other_dimensions_do_not_resume(shards: Path, tmp_path: Path) -> None:
    assert not Trainer(shards, tmp_path, TINY, Settings(seconds=1)).resume()
    Trainer(shards, tmp_path, TINY, Settings(seconds=1)).save()
    other = EncoderConfig(channels=16, hidden=16, dilations=(1,))
    with pytest.raises(AvatarError, match="other dimensions"):
        Trainer(shards, tmp_path, other, Settings(seconds=1)).resume()


def test_fine_tuning_goes_a_part_of_the_way_back(shards: Path, tmp_path: Path) -> None:
    torch.manual_seed(2)
    before = SpeechEncoder(TINY)
    trainer = Trainer(shards, tmp_path, TINY, Settings(seconds=1))
    trainer.start_from(before)
    with torch.no_grad():
        trainer.average.stem.weight.add_(1)
    moved = trainer.learned().stem.weight - before.stem.weight
    assert torch.allclose(moved, torch.full_like(moved, KEPT), atol=1e-5)


def test_weights_that_hear_further_ahead_are_kept_to_instead(shards: Path, tmp_path: Path) -> None:
    torch.manual_seed(2)
    before = SpeechEncoder(TINY)
    prompt = Trainer(shards, tmp_path, replace(TINY, lookahead=1), Settings(seconds=1, batch=4))
    prompt.start_from(before)
    with torch.no_grad():
        prompt.average.stem.weight.add_(1)
    assert torch.allclose(prompt.learned().stem.weight, before.stem.weight + 1)
    told: list[dict[str, float]] = []
    prompt.run(lambda _, losses: told.append(losses))
    assert all(0 < losses["anchor"] < 1 for losses in told)
    assert load_encoder(tmp_path / "speech_encoder.safetensors").config.lookahead == 1
    with pytest.raises(AvatarError, match="hears 1 frames ahead"):
        Trainer(shards, tmp_path, TINY, Settings(seconds=1)).resume()


def test_nothing_to_train_on_is_said(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match="no speech or no noise"):
        Trainer(tmp_path, tmp_path, TINY, Settings(seconds=1)).run(lambda *_: None)
