"""Sound files become films in step, whole or not at all."""

from pathlib import Path

import av
import numpy as np
import pytest

from avatar.audio import SAMPLE_RATE, stream_sound
from avatar.errors import AvatarError
from avatar.rendering import frame_batches
from avatar.rendering.frame_batches import draw_frames
from avatar.rendering.pipeline import Pipeline
from avatar.rendering.render_video import render_film
from avatar.speakers.speaker import Speaker
from tests.sounds import write_wav


@pytest.fixture(scope="module")
def pipeline(tiny: Speaker) -> Pipeline:
    return Pipeline(tiny, device="cpu")


def write_click(path: Path, seconds: float, rate: int, channels: int = 1) -> Path:
    """A click at half time over faint noise."""
    rng = np.random.default_rng(0)
    samples = rng.normal(0, 0.01, (round(seconds * rate), channels))
    samples[len(samples) // 2 :][: rate // 100] = 0.9
    return write_wav(path, samples, rate)


def silent(_done: int, _total: int) -> None:
    pass


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (44_100, 2)])
def test_film_has_every_frame_and_its_sound_in_step(
    pipeline: Pipeline, tmp_path: Path, rate: int, channels: int
) -> None:
    sound = write_click(tmp_path / "sound.wav", 1.99, rate, channels)
    told: list[tuple[int, int]] = []
    count = render_film(
        [pipeline], sound, tmp_path / "film.mp4", lambda done, of: told.append((done, of))
    )
    assert count == 50
    assert told[-1] == (50, 50)
    with av.open(str(tmp_path / "film.mp4")) as film:
        video, voice = film.streams.video[0], film.streams.audio[0]
        assert (video.codec_context.name, voice.codec_context.name) == ("h264", "aac")
        assert (video.width, video.height) == (128, 128)
        frames = [frame.pts * video.time_base for frame in film.decode(video=0)]
        assert len(frames) == 50
        assert frames[0] == 0
    with av.open(str(tmp_path / "film.mp4")) as film:
        heard = np.concatenate([f.to_ndarray().mean(axis=0) for f in film.decode(audio=0)])
        rate_out = film.streams.audio[0].rate
    click = int(np.abs(heard).argmax()) / rate_out
    assert click == pytest.approx(1.99 / 2, abs=0.015)


def test_pictures_are_those_of_the_stream(pipeline: Pipeline, tmp_path: Path) -> None:
    sound = write_click(tmp_path / "sound.wav", 0.5, SAMPLE_RATE)
    pictures = list(draw_frames([pipeline], stream_sound(sound)))
    assert [picture.index for picture in pictures] == list(range(13))


@pytest.mark.parametrize("replicas", [0, 2])
@pytest.mark.parametrize("frames", [1, 2, 30])
def test_batches_in_several_threads_show_what_the_stream_shows(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, frames: int, replicas: int
) -> None:
    monkeypatch.setattr(frame_batches, "PIECE", 9)
    rng = np.random.default_rng(frames)
    chunks = rng.normal(0, 0.1, (frames, 640)).astype(np.float32)
    stream, silence = pipeline.open(), np.zeros((2, 640), np.float32)
    true = [pipeline.step([stream], [chunk])[0] for chunk in [*chunks, *silence]][2:]
    made = list(draw_frames([pipeline, *(pipeline.replica() for _ in range(replicas))], chunks))
    assert [picture.index for picture in made] == list(range(frames))
    for a, b in zip(made, true, strict=True):
        assert b is not None
        assert int(np.abs(a.i420.astype(int) - b.i420).max()) <= 1


def test_one_chunk_is_one_frame(pipeline: Pipeline, tmp_path: Path) -> None:
    sound = write_click(tmp_path / "sound.wav", 0.02, SAMPLE_RATE)
    assert len(list(draw_frames([pipeline], stream_sound(sound)))) == 1


def test_interruption_leaves_nothing(pipeline: Pipeline, tmp_path: Path) -> None:
    sound = write_click(tmp_path / "sound.wav", 1, SAMPLE_RATE)

    def interrupt(done: int, _total: int | None) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render_film([pipeline], sound, tmp_path / "film.mp4", interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["sound.wav"]


@pytest.mark.parametrize(
    "name", ["2024-05-01T12:30:00", "talk [id]", "100%d", "-", "Übung 日本", "http:x", "x" * 246]
)
def test_a_name_is_only_a_name(pipeline: Pipeline, tmp_path: Path, name: str) -> None:
    sound = write_click(tmp_path / "sound.wav", 0.2, SAMPLE_RATE).rename(tmp_path / f"{name}.wav")
    assert render_film([pipeline], sound, tmp_path / f"{name}.mp4", silent) == 5
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"{name}.wav", f"{name}.mp4"}


def test_refusals(pipeline: Pipeline, tmp_path: Path) -> None:
    sound = write_click(tmp_path / "sound.wav", 0.2, SAMPLE_RATE)
    with pytest.raises(AvatarError, match="must end in"):
        render_film([pipeline], sound, tmp_path / "film.gif", silent)
    with pytest.raises(AvatarError, match="File name too long"):
        render_film([pipeline], sound, tmp_path / ("x" * 300 + ".mp4"), silent)
    with pytest.raises(AvatarError, match="no such file"):
        render_film([pipeline], tmp_path / "absent.wav", tmp_path / "film.mp4", silent)
    (tmp_path / "text.wav").write_text("not a sound")
    with pytest.raises(AvatarError, match="cannot be read"):
        render_film([pipeline], tmp_path / "text.wav", tmp_path / "film.mp4", silent)
    assert not (tmp_path / "film.mp4").exists()
