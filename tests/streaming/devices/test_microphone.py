"""A microphone of two channels is heard, whichever of them carries the voice."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.streaming.support.sound_server import RATE, SoundServer

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


@pytest.mark.parametrize("right", [-1.0, 1.0, 0.0])
def test_both_channels_are_heard(sound_server: SoundServer, tmp_path: Path, right: float) -> None:
    left = 0.6 * np.sin(np.arange(4 * RATE) * 0.05)
    samples = np.stack([left, right * left], axis=1)
    raw = tmp_path / "voice.raw"
    raw.write_bytes((samples * 32767).astype("<i2").tobytes())
    form = ["--raw", f"--rate={RATE}", "--channels=2", "--format=s16le", "--device=mic"]
    playing = subprocess.Popen(["pacat", *form, str(raw)], env=sound_server.environment)
    surroundings = sound_server.environment | {"PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(
        [sys.executable, "-c", LISTEN], env=surroundings, capture_output=True, text=True
    )
    playing.terminate()
    playing.wait(5)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 0.25
