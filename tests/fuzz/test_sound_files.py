"""Sound files that are almost right."""

from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.audio import load_sound, stream_sound
from avatar.errors import AvatarError
from tests.fuzz.conftest import ErrorLog
from tests.fuzz.mutations import Files, mutated_bytes
from tests.fuzz.profile import check_words, fuzz, no_hang

CODECS = {
    "wav": "pcm_s16le",
    "float.wav": "pcm_f32le",
    "ogg": "libopus",
    "mp3": "libmp3lame",
    "flac": "flac",
    "m4a": "aac",
}
LONGEST = 600 * 16_000  # samples: a few changed bytes must not stand for more sound than this


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A fifth of a second of noise in every format."""
    folder = tmp_path_factory.mktemp("sounds")
    noise = np.random.default_rng(1).integers(-9000, 9000, (1, 9600), dtype=np.int16)
    files = Files()
    for kind, codec in CODECS.items():
        with av.open(str(folder / f"good.{kind}"), "w") as container:
            stream = container.add_stream(codec, rate=48_000, layout="mono")
            frame = av.AudioFrame.from_ndarray(noise, format="s16", layout="mono")
            frame.sample_rate, frame.pts = 48_000, 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode())
        files[kind] = (folder / f"good.{kind}").read_bytes()
    return files


def check(file: Path) -> None:
    with no_hang():
        try:
            total = 0
            for piece in stream_sound(file):
                assert np.isfinite(piece).all()
                total += len(piece)
                assert total <= LONGEST
            assert np.isfinite(load_sound(file)).all()
        except AvatarError as error:
            check_words(error)


@fuzz
@given(st.data(), st.sampled_from(sorted(CODECS)))
def test_a_file_is_read_or_refused_in_one_line(
    good: Files, tmp_path: Path, error_log: ErrorLog, data: st.DataObject, kind: str
) -> None:
    file = tmp_path / f"sound.{kind}"
    file.write_bytes(data.draw(mutated_bytes(good[kind])))
    check(file)
    assert not error_log.lines


@pytest.mark.parametrize("kind", sorted(CODECS))
def test_the_good_ones_are_read(good: Files, tmp_path: Path, kind: str) -> None:
    (tmp_path / f"sound.{kind}").write_bytes(good[kind])
    assert len(load_sound(tmp_path / f"sound.{kind}")) >= 3000


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_samples_that_are_no_numbers_are_silence(good: Files, tmp_path: Path, value: float) -> None:
    data = bytearray(good["float.wav"])
    data[-400:] = np.full(100, value, np.float32).tobytes()
    (tmp_path / "sound.wav").write_bytes(data)
    sound = load_sound(tmp_path / "sound.wav")
    assert np.abs(sound).max() <= 4.0


def test_a_tag_in_an_unknown_alphabet_is_no_obstacle(good: Files, tmp_path: Path) -> None:
    data = good["m4a"].replace(b"ftypM4A", b"ftyp\x804A", 1)
    (tmp_path / "sound.m4a").write_bytes(data)
    assert len(load_sound(tmp_path / "sound.m4a")) >= 3000
