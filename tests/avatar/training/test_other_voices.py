"""Other voices: made once, and spoken with this speaker's mouth."""

from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.models.speech_encoder import EncoderConfig, SpeechEncoder
from avatar.motion import TRACKS
from avatar.rendering.speech_features import features_of, load_encoder
from avatar.training import other_voices
from avatar.training.encoder.phones import PHONE_INDEX
from avatar.training.encoder.shards import Shard
from avatar.training.mouth_map import MEL_FRAMES, SILENCE, OtherVoice, speak_for_others
from avatar.training.other_voices import OtherSounds
from avatar.training.speech_pieces import CONTEXT, SEGMENT, piece_of
from tests.support import need


@pytest.fixture(scope="module")
def sounds(speech_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> OtherSounds:
    need("flite")
    folder = tmp_path_factory.mktemp("voices")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(other_voices, "SYNTHETIC", 24)
        patch.setattr(other_voices, "NOISES", 4)
        return other_voices.other_sounds(speech_folder, folder, 64, lambda *_: None)


@pytest.fixture(scope="module")
def speech(sounds: OtherSounds) -> Shard:
    return sounds.speech


def test_synthetic_and_recorded_voices_but_no_held_ones(speech: Shard) -> None:
    voices = set(speech.voices.tolist())
    assert {"s0", "s1"} < voices
    assert "s2" not in voices
    assert any(voice.startswith("espeak-") for voice in voices)
    assert any(voice.startswith("flite-") for voice in voices)


def test_they_are_made_once(speech_folder: Path, tmp_path: Path) -> None:
    for name, size in (("speech", 2), ("noise", 3)):
        Shard(*(np.zeros(size) for _ in range(5))).save(tmp_path / f"{name}.npz")
    found = other_voices.other_sounds(speech_folder, tmp_path, 64, lambda *_: None)
    assert (len(found.speech.mels), len(found.noise.mels)) == (2, 3)


def test_noises_are_nobodys_and_the_mouth_rests_in_them(sounds: OtherSounds) -> None:
    assert set(sounds.noise.voices.tolist()) == {""}
    assert not sounds.noise.mouth[:, :-1].any()
    assert np.exp(sounds.noise.mels.astype(np.float32)).mean() > 1e-4, "something is heard"
    torch.manual_seed(0)
    encoder = SpeechEncoder(EncoderConfig(channels=16, hidden=8, dilations=(1,))).eval()
    features = torch.rand(100, encoder.config.features)
    _, noises = speak_for_others(encoder, sounds, features, torch.randn(100, 3), torch.arange(100))
    assert len(noises) == 4
    for noise in noises:
        assert noise.closed.all()
        assert torch.allclose(noise.codes, noise.codes[:1].expand_as(noise.codes), atol=1e-5)


def test_the_mouth_of_the_speaker_is_found_again(sounds: OtherSounds) -> None:
    """A speaker whose code is its aperture and its rounding, known only through the encoder."""
    encoder, speech = load_encoder(), sounds.speech
    names = [TRACKS.index("aperture"), TRACKS.index("rounding")]
    frames = len(speech.mels) // MEL_FRAMES * MEL_FRAMES
    with torch.inference_mode():
        mels = torch.from_numpy(speech.mels[:frames].astype(np.float32))[None]
        state = encoder.new_state()
        features = encoder.to_frames(encoder.from_mels(mels, state), state)[
            0, encoder.config.lookahead :
        ]
    mouth = torch.from_numpy(speech.mouth[:frames, names].astype(np.float32))
    codes = mouth.unflatten(0, (-1, MEL_FRAMES)).mean(1)[: len(features)]
    voices, _ = speak_for_others(encoder, sounds, features, codes, torch.arange(len(features)))
    said = torch.cat([voice.codes for voice in voices])
    first, end = speech.starts[:-1].tolist(), speech.starts[1:].tolist()
    meant = torch.cat(
        [
            torch.from_numpy(speech.mouth[a : b - (b - a) % MEL_FRAMES, names].astype(np.float32))
            .unflatten(0, (-1, MEL_FRAMES))
            .mean(1)
            for a, b in zip(first, end, strict=True)
        ]
    )
    for column in range(2):
        assert np.corrcoef(said[:, column], meant[:, column])[0, 1] > 0.9


def test_closed_lips_are_those_of_p_b_m_and_silence(sounds: OtherSounds) -> None:
    torch.manual_seed(0)
    encoder = SpeechEncoder(EncoderConfig(channels=16, hidden=8, dilations=(1,))).eval()
    sound = 0.1 * torch.randn(100 * 640)
    features = torch.from_numpy(features_of(encoder, sound.numpy()))
    voices, _ = speak_for_others(encoder, sounds, features, torch.randn(100, 3), torch.arange(100))
    speech = sounds.speech
    first, end = int(speech.starts[0]), int(speech.starts[1])
    phones = speech.phones[first:end]
    closed = voices[0].closed
    assert len(closed) == (end - first) // MEL_FRAMES == len(voices[0].codes)
    labial = np.isin(phones, [PHONE_INDEX[p] for p in "PBM"])
    vowel = np.isin(phones, [PHONE_INDEX[p] for p in ("AA", "AE", "AY", "AW", "AO")])
    rows = np.arange(len(phones)) // MEL_FRAMES
    rows = rows.clip(max=len(closed) - 1)
    assert closed[rows[labial]].mean() > 0.7
    if vowel.any():
        assert closed[rows[vowel]].mean() < 0.3


def test_a_short_utterance_is_followed_by_silence() -> None:
    frames = 20
    voice = OtherVoice(
        torch.zeros(MEL_FRAMES * frames, 64, dtype=torch.float16),
        torch.arange(frames, dtype=torch.float32)[:, None],
        torch.zeros(frames),
    )
    mels, codes, closed = piece_of(voice, 2, torch.Generator().manual_seed(0))
    assert mels.shape == ((CONTEXT + SEGMENT + 2) * MEL_FRAMES, 64)
    heard = mels[CONTEXT * MEL_FRAMES :]
    assert (mels[: CONTEXT * MEL_FRAMES] == SILENCE).all()
    assert (heard[: frames * MEL_FRAMES] == 0).all()
    assert (heard[frames * MEL_FRAMES :] == SILENCE).all()
    assert codes[:frames, 0].tolist() == list(range(frames))
    assert closed.tolist() == [0.0] * frames + [1.0] * (SEGMENT - frames)
