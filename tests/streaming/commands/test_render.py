"""`avatar render`: one film or several, each under its own name."""

from pathlib import Path

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from avatar.audio import SAMPLE_RATE
from avatar.errors import AvatarError
from streaming.cli import app
from streaming.commands.render_films import name_films
from tests.sounds import write_wav


@pytest.fixture
def sounds(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "one.wav", tmp_path / "two.wav", tmp_path / "three.wav"]
    for frames, path in enumerate(paths, start=12):
        write_wav(path, np.random.default_rng(frames).normal(0, 0.1, 640 * frames), SAMPLE_RATE)
    return paths


def frames_of(film: Path) -> int:
    with av.open(str(film)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_several_sounds_become_films_in_a_folder(
    tiny_bundle: Path, sounds: list[Path], tmp_path: Path
) -> None:
    asked = [part for sound in sounds for part in ("--sound", str(sound))]
    films = tmp_path / "films"
    rest = ["-o", str(films), "--jobs", "2", "--device", "cpu", "--backend", "torch"]
    done = CliRunner().invoke(app, ["render", str(tiny_bundle), *asked, *rest])
    assert done.exit_code == 0, done.output
    found = {film.name: frames_of(film) for film in films.iterdir()}
    assert found == {"one.mp4": 12, "two.mp4": 13, "three.mp4": 14}


def test_a_sound_that_cannot_be_read_ends_the_others(
    tiny_bundle: Path, sounds: list[Path], tmp_path: Path
) -> None:
    sounds[1].write_text("not a sound")
    asked = [part for sound in sounds for part in ("--sound", str(sound))]
    rest = ["-o", str(tmp_path / "films"), "--device", "cpu", "--backend", "torch"]
    done = CliRunner().invoke(app, ["render", str(tiny_bundle), *asked, *rest])
    assert isinstance(done.exception, AvatarError)
    assert "cannot be read" in str(done.exception)


def test_a_score_that_asks_for_what_the_speaker_does_not_show_writes_nothing(
    tiny_bundle: Path, sounds: list[Path], tmp_path: Path
) -> None:
    score, film = tmp_path / "score.csv", tmp_path / "film.mp4"
    score.write_text("0.1, nod\n0.2, smile\n")
    asked = ["--sound", str(sounds[0]), "-o", str(film), "--score", str(score)]
    done = CliRunner().invoke(app, ["render", str(tiny_bundle), *asked, "--device", "cpu"])
    assert isinstance(done.exception, AvatarError)
    assert "tiny does not show smile in its own video; it can nod, " in str(done.exception)
    assert not film.exists()


def test_names(tmp_path: Path) -> None:
    one, other = Path("a/talk.wav"), Path("b/talk.mp3")
    assert [film.out for film in name_films([one], tmp_path / "x.mov", None)] == [
        tmp_path / "x.mov"
    ]
    assert name_films([one], tmp_path, None)[0].out == tmp_path / "talk.mp4"
    with pytest.raises(AvatarError, match=r"two of the sounds would become .*talk\.mp4"):
        name_films([one, other], tmp_path, None)
    (tmp_path / "file").touch()
    with pytest.raises(AvatarError, match="cannot be a folder"):
        name_films([one, Path("c.wav")], tmp_path / "file", None)
