"""HuBERT, wav2vec2 and Whisper, small and random, take the speech encoder's place."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avatar.audio import SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.models.adapted_encoder import AdaptedEncoder, AdaptedState
from avatar.models.speech_encoder import EncoderConfig, SpeechEncoder
from avatar.rendering.other_networks import adapt
from avatar.rendering.speech_features import FeatureStream, features_of
from tests.support import need

TINY = EncoderConfig(channels=16, hidden=8, dilations=(1, 2))
WAVE: dict[str, Any] = {
    "hidden_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
}


def small(kind: str) -> Any:
    import transformers as t

    torch.manual_seed(0)
    if kind == "hubert":
        return t.HubertModel(t.HubertConfig(**WAVE))
    if kind == "wav2vec2":
        return t.Wav2Vec2Model(t.Wav2Vec2Config(**WAVE))
    if kind == "bert":
        return t.BertModel(t.BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1))
    sizes = {"d_model": 24, "encoder_layers": 1, "decoder_layers": 1, "num_mel_bins": 80}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    return t.WhisperModel(t.WhisperConfig(**sizes, **heads, encoder_ffn_dim=32, decoder_ffn_dim=32))


def adapted(kind: str, folder: Path) -> AdaptedEncoder:
    need("transformers")
    small(kind).save_pretrained(folder)
    encoder = SpeechEncoder(TINY).eval().requires_grad_(False)
    encoder.heads.bias[-1] = 3.0
    return adapt(encoder, folder)


def sound(frames: int) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.1, frames * SAMPLES_PER_FRAME).astype(np.float32)


@pytest.mark.parametrize("kind", ["hubert", "wav2vec2", "whisper"])
def test_a_stream_gives_the_features_of_the_whole(kind: str, tmp_path: Path) -> None:
    encoder = adapted(kind, tmp_path)
    samples = sound(6)
    whole = features_of(encoder, samples)
    assert whole.shape == (6, encoder.config.features)
    stream = FeatureStream(encoder)
    padded = np.pad(samples, (0, 2 * SAMPLES_PER_FRAME)).reshape(-1, SAMPLES_PER_FRAME)
    rows = [row for chunk in padded if (row := stream.push(chunk)) is not None]
    np.testing.assert_allclose(np.stack(rows), whole, atol=1e-4)
    assert whole[:, encoder.layout["other"]].std() > 0.01


def test_principal_components_have_variance_one(tmp_path: Path) -> None:
    encoder = adapted("hubert", tmp_path)
    samples = sound(120)
    encoder.fit(torch.from_numpy(samples)[None])
    hidden = encoder.reduce(encoder._hear(torch.from_numpy(np.pad(samples, (15360, 0)))[None]))[0]
    variance = hidden.var(0, correction=0)
    assert variance[0] == pytest.approx(1, abs=0.05)
    assert hidden.mean(0).abs().max() < 0.05


def test_states_stack_and_reset(tmp_path: Path) -> None:
    encoder = adapted("hubert", tmp_path)
    chunks = torch.from_numpy(sound(2)).view(2, -1)
    states = [encoder.new_state(), encoder.new_state()]
    alone = torch.cat([encoder(chunk[None]) for chunk in chunks])
    stacked = AdaptedState.stack(states)
    torch.testing.assert_close(encoder(chunks, stacked), alone, atol=1e-5, rtol=1e-4)
    first = stacked.unstack()[0]
    first.reset()
    torch.testing.assert_close(encoder(chunks[:1], first), alone[:1], atol=1e-5, rtol=1e-4)


def test_what_is_no_speech_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match="a bert is no speech encoder"):
        adapted("bert", tmp_path)
    with pytest.raises(AvatarError, match="no model that transformers can load"):
        adapt(SpeechEncoder(TINY), tmp_path / "nothing")
