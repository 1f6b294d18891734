"""Sound from files and in pieces of any length and rate."""

from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.audio import SAMPLE_RATE, SAMPLES_PER_FRAME, Resampler, load_sound, stream_sound
from avatar.errors import AvatarError
from tests.sounds import tone, write_wav


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (48_000, 2), (44_100, 2), (8_000, 1)])
def test_a_file_of_any_rate_becomes_16_khz_mono(tmp_path: Path, rate: int, channels: int) -> None:
    samples = np.stack([tone(1.0, rate, 440)] * channels, axis=1)
    path = write_wav(tmp_path / "tone.wav", samples, rate)
    sound = load_sound(path)
    assert sound.dtype == np.float32
    assert abs(len(sound) - SAMPLE_RATE) <= 2
    peak = np.argmax(np.abs(np.fft.rfft(sound[:SAMPLE_RATE])))
    assert abs(peak - 440) <= 1
    middle = sound[4000:-4000]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_a_stream_is_the_whole_sound_in_pieces_of_a_frame(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "tone.wav", tone(1.01))
    pieces = list(stream_sound(path))
    assert {len(piece) for piece in pieces} == {SAMPLES_PER_FRAME}
    whole = load_sound(path)
    np.testing.assert_array_equal(np.concatenate(pieces)[: len(whole)], whole)
    assert not np.concatenate(pieces)[len(whole) :].any()


def test_what_holds_no_sound_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match="no such file"):
        load_sound(tmp_path / "none.wav")
    (tmp_path / "text.wav").write_text("this is no sound")
    with pytest.raises(AvatarError, match="cannot be read"):
        load_sound(tmp_path / "text.wav")
    with av.open(str(tmp_path / "mute.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 32
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))
        container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    with pytest.raises(AvatarError, match="has no sound"):
        list(stream_sound(tmp_path / "mute.mp4"))


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([8000, 16000, 22050, 44100, 48000]), st.lists(st.integers(0, 3000)))
def test_pieces_resample_as_one(rate: int, cuts: list[int]) -> None:
    sound = tone(0.3, rate)
    whole, pieced = Resampler(rate), Resampler(rate)
    expected = np.concatenate([whole.push(sound), whole.flush()])
    pieces = np.split(sound, np.clip(np.cumsum(cuts), 0, len(sound)))
    heard = [pieced.push(piece) for piece in pieces]
    np.testing.assert_allclose(np.concatenate([*heard, pieced.flush()]), expected, atol=1e-6)


def test_stereo_is_mixed_down() -> None:
    resampler = Resampler(SAMPLE_RATE)
    left, right = tone(0.1, SAMPLE_RATE), tone(0.1, SAMPLE_RATE, 700)
    heard = np.concatenate([resampler.push(np.stack([left, right], axis=1)), resampler.flush()])
    np.testing.assert_allclose(heard, (left + right) / 2, atol=1e-6)


def test_stereo_out_of_phase_is_heard() -> None:
    left = tone(0.5, SAMPLE_RATE)
    heard = Resampler(SAMPLE_RATE).push(np.stack([left, -left], axis=1))
    assert np.abs(heard[2000:]).max() > 0.45


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(AvatarError, match="rate"):
        Resampler(0)
