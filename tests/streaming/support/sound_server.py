"""A PulseAudio of the test's own: one sink stands for a microphone, one for a virtual cable."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.sounds import write_wav
from tests.streaming.support.polling import wait_until

RATE = 48_000
BLOCK = 960  # bytes read at once: 10 ms


class SoundServer:
    """Null sinks `mic` and `cable`; `mic.monitor` is the microphone of what is tested."""

    def __init__(self, address: str) -> None:
        self.environment = os.environ | {"PULSE_SERVER": address}

    def control(self, *words: str) -> str:
        done = subprocess.run(
            ["pactl", *words], env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def add_sink(self, name: str) -> str:
        """Returns the number of its module, to be unloaded by."""
        return self.control("load-module", "module-null-sink", f"sink_name={name}", "rate=48000")

    def play(self, file: Path, sink: str = "mic") -> "subprocess.Popen[bytes]":
        """A person speaks into the microphone."""
        return subprocess.Popen(["paplay", f"--device={sink}", str(file)], env=self.environment)

    @contextmanager
    def recording(self, sink: str) -> Iterator["Recording"]:
        """What a call program would hear from `sink`."""
        command = ["parec", f"--device={sink}.monitor", "--raw", "--rate=48000", "--channels=1"]
        command += ["--format=s16le", "--latency-msec=10"]
        process = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE)
        recording = Recording(process)
        try:
            yield recording
        finally:
            process.terminate()
            process.wait(5)
            recording.join()


class Recording(threading.Thread):
    """Samples as they come, with the moment at which the first one must have been heard."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        super().__init__()
        self._process = process
        self._pieces: list[tuple[float, bytes]] = []
        self.start()

    def run(self) -> None:
        assert self._process.stdout
        while piece := self._process.stdout.read1(BLOCK):  # type: ignore[attr-defined]
            self._pieces.append((time.monotonic(), piece))

    def samples(self) -> NDArray[np.float32]:
        whole = b"".join(piece for _, piece in self._pieces)
        return np.frombuffer(whole[: len(whole) // 2 * 2], np.int16).astype(np.float32) / 32768

    def begun(self) -> float:
        """Monotonic time of the first sample: the promptest piece says."""
        ends = np.cumsum([len(piece) for _, piece in self._pieces]) / 2 / RATE
        moments = np.array([moment for moment, _ in self._pieces])
        return float(np.min(moments - ends))

    def onsets(self, level: float = 0.1, quiet: float = 0.2) -> list[float]:
        """Monotonic times at which sound begins after `quiet` seconds without."""
        loud = np.flatnonzero(np.abs(self.samples()) > level)
        first = np.flatnonzero(np.diff(loud, prepend=-RATE) > quiet * RATE)
        return [self.begun() + float(loud[place]) / RATE for place in first]


@contextmanager
def running_sound_server(folder: Path) -> Iterator[SoundServer]:
    """Start it with everything it writes in `folder`."""
    address = f"unix:{folder}/native"
    folders = {"PULSE_RUNTIME_PATH": "run", "PULSE_STATE_PATH": "state", "HOME": "home"}
    for name in folders.values():
        (folder / name).mkdir(mode=0o700)
    environment = os.environ | {key: str(folder / name) for key, name in folders.items()}
    command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
    command += ["-L", f"module-native-protocol-unix socket={folder}/native auth-anonymous=1"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        server = SoundServer(address)
        wait_until((folder / "native").exists)
        for sink in ("mic", "cable"):
            server.add_sink(sink)
        yield server
    finally:
        process.terminate()
        process.wait(10)


def write_clicks(file: Path, seconds: int, every: float = 0.8) -> Path:
    """Bursts of 60 ms with a sharp beginning, 48 kHz mono."""
    place = np.arange(seconds * RATE)
    within = place % int(every * RATE) - RATE // 4
    burst = np.cos(2 * np.pi * 440 * within / RATE) * ((within >= 0) & (within < 0.06 * RATE))
    return write_wav(file, 0.6 * burst, RATE)
