"""A microphone of two channels is heard, whichever of them carries the voice."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.streaming.support.sound_server import RATE, SoundServer, sound_server
from tests.support import need

LISTEN = """
import asyncio
import numpy as np
from streaming.devices.microphone import Microphone
from streaming.devices.sound_system import SoundSystem

async def listen():
    heard = []
    microphone = Microphone(SoundSystem(), "mic.monitor", lambda piece, _: heard.append(piece))
    microphone.open()
    await asyncio.sleep(2)
    microphone.close()
    print(np.abs(np.concatenate(heard)).max())

asyncio.run(listen())
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    need("pulseaudio", "sounddevice")
    with sound_server(tmp_path_factory.mktemp("pulse")) as server:
        yield server


@pytest.mark.parametrize("right", [-1.0, 1.0, 0.0])
def test_both_channels_are_heard(server: SoundServer, tmp_path: Path, right: float) -> None:
    left = 0.6 * np.sin(np.arange(4 * RATE) * 0.05)
    samples = np.stack([left, right * left], axis=1)
    raw = tmp_path / "voice.raw"
    raw.write_bytes((samples * 32767).astype("<i2").tobytes())
    form = ["--raw", f"--rate={RATE}", "--channels=2", "--format=s16le", "--device=mic"]
    playing = subprocess.Popen(["pacat", *form, str(raw)], env=server.environment)
    surroundings = server.environment | {"PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(
        [sys.executable, "-c", LISTEN], env=surroundings, capture_output=True, text=True
    )
    playing.terminate()
    playing.wait(5)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 0.25
