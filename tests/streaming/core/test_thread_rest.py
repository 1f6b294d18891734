"""Threads that wait for work leave the processor to others."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from avatar.audio import SAMPLE_RATE
from streaming.render.client import RenderClient
from streaming.render.find_speakers import find_speakers
from tests.sounds import write_wav

MAIN = "from streaming.cli import main; main()"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the OpenMP of other systems does not say what it does"
)


@pytest.fixture(autouse=True)
def said_by_openmp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_DISPLAY_ENV", "TRUE")
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    monkeypatch.delenv("OMP_WAIT_POLICY")  # what a test before set is put back at the end


async def test_in_the_rendering_process(
    tiny_bundle: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    client = RenderClient(functools.partial(find_speakers, str(tiny_bundle), "cpu", "torch"))
    await client.attach()
    await client.stop()
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("wanted", "found"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "active"}, "ACTIVE")]
)
def test_in_films_unless_told_otherwise(
    tiny_bundle: Path, tmp_path: Path, wanted: dict[str, str], found: str
) -> None:
    sound = write_wav(tmp_path / "a.wav", np.zeros(6400), SAMPLE_RATE)
    film = ["render", str(tiny_bundle), "--sound", str(sound), "-o", str(tmp_path / "a.mp4")]
    run = [sys.executable, "-c", MAIN, *film, "--device", "cpu", "--backend", "torch"]
    done = subprocess.run(run, env=os.environ | wanted, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert f"OMP_WAIT_POLICY = '{found}'" in done.stderr
