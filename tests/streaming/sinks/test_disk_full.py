"""A disk that fills up while a film is written: a real one, of 256 KB."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from avatar.errors import AvatarError
from avatar.rendering.pipeline import Pipeline
from avatar.rendering.render_video import render_film
from avatar.speakers.speaker import load_speaker
from streaming.media.playout import VOICE_PACKET
from streaming.sinks.destination import Destination
from streaming.sinks.recorder import Recorder
from tests.sounds import beeps, write_wav
from tests.support import lack, need
from tests.tiny_speaker import make_tiny_bundle

SIZE = (256, 256)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    need("mount")
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        lack("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


async def perform(film: Recorder) -> None:
    noise = np.random.default_rng(0)
    for number in range(100):
        await film.ready()
        film.show(number, noise.integers(0, 255, (SIZE[1] * 3 // 2, SIZE[0]), np.uint8))
        for packet in (2 * number, 2 * number + 1):
            film.speak(packet * VOICE_PACKET, np.zeros(VOICE_PACKET, np.float32))


async def test_a_film_that_does_not_fit_ends_in_words_and_leaves_nothing(small_disk: Path) -> None:
    film = await Recorder.open(Destination.parse(str(small_disk / "film.mp4")), SIZE)
    with pytest.raises(AvatarError, match="No space left on device"):
        await perform(film)
    with pytest.raises(AvatarError, match="No space left on device"):
        await film.close()
    assert list(small_disk.iterdir()) == []


def test_rendering_ends_in_words_too(small_disk: Path, tmp_path: Path) -> None:
    pipeline = Pipeline(load_speaker(str(make_tiny_bundle(tmp_path / "tiny"))), "cpu")
    sound = write_wav(tmp_path / "beeps.wav", beeps(30))
    with pytest.raises(AvatarError, match="No space left on device"):
        render_film([pipeline], sound, small_disk / "film.mp4", lambda *_: None)
    assert list(small_disk.iterdir()) == []
