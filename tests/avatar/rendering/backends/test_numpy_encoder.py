"""The encoder for live sound gives the numbers of the module, whatever is heard beside it."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from avatar.models.speech_encoder import EncoderConfig, SpeechEncoder
from avatar.rendering.backends.numpy_encoder import NumpyEncoder
from avatar.rendering.backends.streaming_encoder import (
    DeviceEncoder,
    fingerprint,
    new_streaming_encoder,
)
from avatar.rendering.speech_features import load_encoder

CHUNKS = 60
SMALL = EncoderConfig(mels=24, channels=24, hidden=16, dilations=(1, 3), phones=10)


def hum(seed: int) -> NDArray[np.float32]:
    """(CHUNKS, 640): voices that come and go, so that loud and silent chunks are among them."""
    rng = np.random.default_rng(seed)
    time = np.arange(CHUNKS * 640) / 16000
    voice = np.sign(np.sin(2 * np.pi * (110 + 30 * seed) * time)) + rng.normal(0, 0.2, len(time))
    return (0.2 * voice * (np.sin(7 * time + seed) > 0)).astype(np.float32).reshape(CHUNKS, 640)


def small() -> SpeechEncoder:
    torch.manual_seed(5)
    return SpeechEncoder(SMALL).eval().requires_grad_(False)


def whole(encoder: SpeechEncoder, chunks: NDArray[np.float32]) -> NDArray[np.float32]:
    return encoder(torch.from_numpy(chunks.ravel())[None])[0].numpy()


@pytest.mark.parametrize("shipped", [False, True])
@torch.inference_mode()
def test_same_numbers_as_the_module(shipped: bool) -> None:
    encoder = load_encoder() if shipped else small()
    encoder.heads.bias[-1] += 20  # trusts whatever it hears: else noise is eased to rest
    ear = NumpyEncoder(encoder)
    sounds = [hum(seed) for seed in range(3)]
    states = [ear.new_state() for _ in sounds]
    rows = [ear.hear(states, list(chunks)).numpy() for chunks in zip(*sounds, strict=True)]
    for number, sound in enumerate(sounds):
        expected = whole(encoder, sound)
        assert np.ptp(expected, axis=0).max() > 0.01
        np.testing.assert_allclose([row[number] for row in rows], expected, atol=2e-4)


@torch.inference_mode()
def test_a_state_begins_again() -> None:
    ear, (first, *others) = NumpyEncoder(small()), hum(1)
    state = ear.new_state()
    fresh = ear.hear([state], [first]).clone()
    for chunk in others:
        ear.hear([state], [chunk])
    state.reset()
    assert torch.equal(ear.hear([state], [first]), fresh)


@torch.inference_mode()
def test_the_module_as_an_ear_hears_the_same() -> None:
    encoder, sounds = small(), [hum(1), hum(2)]
    ear = DeviceEncoder(encoder)
    states = [ear.new_state() for _ in sounds]
    rows = [ear.hear(states, list(chunks)).numpy() for chunks in zip(*sounds, strict=True)]
    for number, sound in enumerate(sounds):
        np.testing.assert_allclose([row[number] for row in rows], whole(encoder, sound), atol=1e-5)


def test_what_hears_alike_is_known() -> None:
    encoder, other = small(), small()
    assert isinstance(new_streaming_encoder(encoder, fingerprint(encoder)), NumpyEncoder)
    assert fingerprint(encoder) == fingerprint(other)
    other.stem.bias.data[0] += 1
    assert fingerprint(encoder) != fingerprint(other)
