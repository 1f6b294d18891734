"""What a tuned encoder forgot of others' lips is read from its hidden states again."""

import copy

import numpy as np
import pytest
import torch

from avatar.models.lip_closure import APERTURE, CLOSURE
from avatar.models.speech_encoder import EncoderConfig, SpeechEncoder
from avatar.training.encoder.phones import PHONE_INDEX
from avatar.training.encoder.shards import Shard
from avatar.training.lip_readout import relearn_lip_readout
from avatar.training.other_voices import OtherSounds

LENGTH = 400  # 10 ms frames of an utterance


@pytest.fixture(scope="module")
def sounds() -> OtherSounds:
    """Utterances in which p is heard as a burst in all bands, and nothing else is said."""
    random = np.random.default_rng(0)
    mels = random.normal(-6, 1, (6 * LENGTH, 64))
    phones = np.full(6 * LENGTH, PHONE_INDEX["AA"], np.uint8)
    for first in range(50, len(phones), 100):
        phones[first : first + 12] = PHONE_INDEX["P"]
        mels[first : first + 12] += 5
    speech = Shard(
        mels.astype(np.float16),
        phones,
        np.zeros((len(mels), 10), np.float16),
        np.arange(7) * LENGTH,
        np.array(["anna"] * 6),
    )
    return OtherSounds(speech, speech)


@pytest.fixture(scope="module")
def encoders(sounds: OtherSounds) -> tuple[SpeechEncoder, SpeechEncoder]:
    """The shipped one, and one that was tuned and then learned to read lips again."""
    torch.manual_seed(0)
    shipped = SpeechEncoder(EncoderConfig(channels=48, hidden=24, dilations=(1, 2))).eval()
    tuned = copy.deepcopy(shipped).requires_grad_(False)
    tuned.heads.weight.add_(0.2 * torch.randn_like(tuned.heads.weight))
    relearn_lip_readout(tuned, shipped, sounds)
    return shipped, tuned


def tracks(encoder: SpeechEncoder, sounds: OtherSounds) -> torch.Tensor:
    mels = torch.from_numpy(sounds.speech.mels[:LENGTH].astype(np.float32))[None]
    with torch.inference_mode():
        return encoder.from_mels(mels, encoder.new_state()).articulation[0].sigmoid()


def test_lips_are_read_as_the_shipped_encoder_reads_them(
    encoders: tuple[SpeechEncoder, SpeechEncoder], sounds: OtherSounds
) -> None:
    before, after = (tracks(encoder, sounds)[:, APERTURE] for encoder in encoders)
    assert float((before - after).abs().mean()) < 0.1 * float(before.std())


def test_closures_are_those_of_p_b_m_when_the_network_answers(
    encoders: tuple[SpeechEncoder, SpeechEncoder], sounds: OtherSounds
) -> None:
    delay = encoders[1].config.delay
    closure = tracks(encoders[1], sounds)[delay:, CLOSURE]
    said = torch.from_numpy(sounds.speech.phones[1:LENGTH:2] == PHONE_INDEX["P"])[:-delay]
    assert closure[said].mean() > 0.8
    assert closure[~said].mean() < 0.1


def test_the_other_readouts_stay(
    encoders: tuple[SpeechEncoder, SpeechEncoder], sounds: OtherSounds
) -> None:
    shipped, tuned = encoders
    again = copy.deepcopy(tuned)
    relearn_lip_readout(again, shipped, sounds)
    phones = slice(shipped.config.spoken, None)
    assert torch.equal(again.heads.weight[phones], tuned.heads.weight[phones])
