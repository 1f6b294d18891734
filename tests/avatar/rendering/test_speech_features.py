"""Features for the renderer: whole sounds and live streams agree, weights travel safely."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from avatar.audio import SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.models.speech_encoder import EncoderConfig, SpeechEncoder
from avatar.rendering.speech_features import FeatureStream, features_of, load_encoder

TINY = EncoderConfig(channels=16, hidden=8, dilations=(1, 2))


def write_weights(path: Path, config: dict[str, Any]) -> Path:
    torch.manual_seed(0)
    save_file(SpeechEncoder(TINY).state_dict(), path, {"config": json.dumps(config)})
    return path


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_weights(tmp_path / "encoder.safetensors", asdict(TINY))


def test_weights_that_do_not_say_how_far_ahead_they_hear_hear_two_frames(tmp_path: Path) -> None:
    config = asdict(TINY)
    del config["lookahead"]
    assert load_encoder(write_weights(tmp_path / "old", config)).config.lookahead == 2
    assert (
        load_encoder(write_weights(tmp_path / "new", config | {"lookahead": 1})).config.delay == 2
    )


@pytest.mark.parametrize("ahead", [0, 1, 2])
def test_a_stream_gives_the_features_of_the_whole(tmp_path: Path, ahead: int) -> None:
    config = asdict(TINY) | {"lookahead": ahead}
    encoder = load_encoder(write_weights(tmp_path / "encoder.safetensors", config))
    samples = np.random.default_rng(0).normal(0, 0.1, 700 * SAMPLES_PER_FRAME - 5)
    samples = samples.astype(np.float32)
    whole = features_of(encoder, samples)
    assert whole.shape == (700, encoder.config.features)
    stream = FeatureStream(encoder)
    padded = np.pad(samples, (0, 5 + ahead * SAMPLES_PER_FRAME))
    rows = [stream.push(chunk) for chunk in padded.reshape(-1, SAMPLES_PER_FRAME)]
    assert rows[:ahead] == [None] * ahead
    np.testing.assert_allclose(np.stack(rows[ahead:]), whole, atol=1e-5)


def test_a_reset_stream_begins_anew(weights: Path) -> None:
    stream = FeatureStream(load_encoder(weights))
    chunk = np.full(SAMPLES_PER_FRAME, 0.1, np.float32)
    first = [stream.push(chunk) for _ in range(4)]
    stream.reset()
    second = [stream.push(chunk) for _ in range(4)]
    np.testing.assert_array_equal(first[3], second[3])
    assert second[1] is None


def test_no_sound_has_no_features(weights: Path) -> None:
    encoder = load_encoder(weights)
    assert features_of(encoder, np.zeros(0, np.float32)).shape == (0, encoder.config.features)


@pytest.mark.parametrize("content", [b"", b"not weights at all", b"\x08\0\0\0\0\0\0\0{}      "])
def test_damaged_weights_are_said_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(AvatarError, match="not a speech encoder's weights"):
        load_encoder(path)


def test_absent_weights_name_the_command(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match="train-encoder"):
        load_encoder(tmp_path / "none.safetensors")
