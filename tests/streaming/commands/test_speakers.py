"""`avatar speakers` and `avatar render`, as they are typed."""

import shutil
from pathlib import Path

import av
import pytest
from typer.testing import CliRunner

from avatar.errors import AvatarError
from streaming.cli import app
from tests.sounds import tone, write_wav
from tests.tiny_speaker import make_smiling_bundle, make_tiny_bundle

runner = CliRunner()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("made") / "tiny")


@pytest.fixture
def speakers(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "speakers"
    shutil.copytree(made, folder / "tiny")
    monkeypatch.setenv("AVATAR_SPEAKERS", str(folder))
    return folder


def run(*words: str, answer: str = "") -> str:
    result = runner.invoke(app, list(words), input=answer, env={"COLUMNS": "200"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_list_show_verify(speakers: Path) -> None:
    assert "128x128" in run("speakers", "list")
    shown = run("speakers", "show", "tiny")
    assert "nobody: the face is drawn" in shown
    assert "CC0-1.0" in shown
    assert "nod, shake, tilt, look, lean\n" in shown
    make_smiling_bundle(speakers / "anna")
    assert "lean, smile\n" in run("speakers", "show", "anna")
    assert "tiny is whole" in run("speakers", "verify", "tiny")
    (speakers / "tiny" / "preview.jpg").write_bytes(b"")
    with pytest.raises(AvatarError, match=r"preview\.jpg: has 0 bytes"):
        run("speakers", "verify", "tiny")
    (speakers / "tiny" / "speaker.yaml").write_text("format: 9")
    assert "broken" in run("speakers", "list")


@pytest.mark.usefixtures("speakers")
def test_of_a_withdrawn_speaker_list_and_show_say_why() -> None:
    run("speakers", "withdraw", "tiny", "--why", "she asked")
    for words in (["list"], ["show", "tiny"]):
        shown = run("speakers", *words)
        assert "not shown" in shown
        assert "she asked" in shown


def test_remove_asks_and_deletes_nothing_but_speakers(speakers: Path, tmp_path: Path) -> None:
    run("speakers", "remove", "tiny", answer="n\n")
    assert (speakers / "tiny").is_dir()
    run("speakers", "remove", "tiny", "--yes")
    assert not list(speakers.iterdir())
    (tmp_path / "photos").mkdir()
    with pytest.raises(AvatarError, match="not a speaker"):
        run("speakers", "remove", str(tmp_path / "photos"), "--yes")
    assert (tmp_path / "photos").is_dir()


@pytest.mark.usefixtures("speakers")
def test_render(tmp_path: Path) -> None:
    sound, film, pose = tmp_path / "sound.wav", tmp_path / "film.mp4", tmp_path / "pose.csv"
    write_wav(sound, tone(1.0))
    pose.write_text("0 0 0 0\n1 10 0 0\n")
    run("render", "tiny", "--sound", str(sound), "-o", str(film), "--pose", str(pose))
    with av.open(str(film)) as made_film:
        assert sum(1 for _ in made_film.decode(video=0)) == 25


@pytest.mark.usefixtures("speakers")
def test_unknown_speaker(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match=r"known are: .*tiny"):
        run("render", "nobody", "--sound", "x.wav", "-o", str(tmp_path / "x.mp4"))
