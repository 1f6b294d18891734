"""The speech encoder: one forward for whole sounds and streams, nothing from the future."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.audio import SAMPLES_PER_FRAME
from avatar.models.speech_encoder import EncoderConfig, SpeechEncoder

TINY = EncoderConfig(channels=16, hidden=8, dilations=(1, 2, 4))


@pytest.fixture
def encoder() -> SpeechEncoder:
    torch.manual_seed(0)
    encoder = SpeechEncoder(TINY).eval().requires_grad_(False)
    encoder.heads.bias[-1] = 2.0  # speech is trusted, so the outputs can be seen
    return encoder


def sound(frames: int, seed: int = 1, batch: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(batch, frames * SAMPLES_PER_FRAME, generator=generator)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=8))
def test_chunks_give_the_numbers_of_the_whole(sizes: list[int]) -> None:
    torch.manual_seed(0)
    encoder = SpeechEncoder(TINY).eval().requires_grad_(False)
    whole = sound(sum(sizes), batch=2)
    state = encoder.new_state(2)
    pieces = whole.split([size * SAMPLES_PER_FRAME for size in sizes], dim=1)
    chunked = torch.cat([encoder(piece, state) for piece in pieces], dim=1)
    torch.testing.assert_close(chunked, encoder(whole), atol=2e-5, rtol=1e-4)


def test_a_long_sound_keeps_the_running_mean_of_its_chunks(encoder: SpeechEncoder) -> None:
    whole = sound(230)  # longer than a block of the running mean
    state = encoder.new_state()
    chunked = torch.cat([encoder(p, state) for p in whole.split(SAMPLES_PER_FRAME, 1)], dim=1)
    torch.testing.assert_close(chunked, encoder(whole), atol=2e-5, rtol=1e-4)


def test_nothing_is_heard_before_it_arrives(encoder: SpeechEncoder) -> None:
    first, other = sound(30), sound(30)
    other[:, 20 * SAMPLES_PER_FRAME :] *= -3
    torch.testing.assert_close(encoder(first)[:, :20], encoder(other)[:, :20])
    assert not torch.allclose(encoder(first)[:, 20], encoder(other)[:, 20])


def test_streams_of_a_batch_do_not_mix(encoder: SpeechEncoder) -> None:
    sounds = [sound(6, seed) for seed in range(3)]
    states = encoder.new_state(2).grown(5)
    rows = torch.tensor([4, 0, 3])
    for piece, row in zip(sounds, rows.split(1), strict=True):
        state = states.take(row)
        encoder(piece[:, : 2 * SAMPLES_PER_FRAME], state)
        states.put(row, state)
    together = states.take(rows)
    batched = encoder(torch.cat(sounds)[:, 2 * SAMPLES_PER_FRAME :], together)
    alone = torch.cat([encoder(piece)[:, 2:] for piece in sounds])
    torch.testing.assert_close(batched, alone, atol=2e-6, rtol=1e-4)
    states.put(rows, together)
    states.reset_row(4)
    again = encoder(sound(1, 9).repeat(2, 1), states.take(torch.tensor([4, 1])))
    torch.testing.assert_close(again, encoder(sound(1, 9)).repeat(2, 1, 1))


def test_reset_forgets_the_stream(encoder: SpeechEncoder) -> None:
    state = encoder.new_state()
    encoder(sound(9, seed=5), state)
    state.reset()
    torch.testing.assert_close(encoder(sound(4), state), encoder(sound(4)))


def test_the_layout_covers_the_features(encoder: SpeechEncoder) -> None:
    parts = list(encoder.layout.values())
    assert [part.start for part in parts] == [0, *(part.stop for part in parts[:-1])]
    assert parts[-1].stop == encoder.config.features == encoder(sound(1)).shape[-1]


@pytest.mark.parametrize("amplitude", [0.0, 1e-9, 1.0])
def test_no_level_blows_up(encoder: SpeechEncoder, amplitude: float) -> None:
    features = encoder(amplitude * 10 * sound(50))
    assert features.isfinite().all()
    assert features[..., encoder.layout["context"]].abs().max() < 30
    assert features[..., : encoder.config.spoken].abs().max() <= 1.0001


def test_distrust_eases_to_the_rest_vector_within_120_ms(encoder: SpeechEncoder) -> None:
    state = encoder.new_state()
    speaking = encoder(sound(20), state)[0, -1] - encoder.rest
    assert state.trust.item() > 0.8
    encoder.heads.bias[-1] = -20.0
    resting = encoder(sound(3), state)[0, -1] - encoder.rest
    assert resting.abs().max() < 0.12 * speaking.abs().max()
    assert resting[: encoder.config.spoken].abs().max() < 0.1
