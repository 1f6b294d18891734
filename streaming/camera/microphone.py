"""A microphone of this machine: its sound in pieces of 10 ms, and again when it comes back."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.errors import AvatarError
from streaming.camera.sound_devices import SoundDevice, find_device, portaudio
from streaming.clock import VOICE_RATE

Samples = npt.NDArray[np.float32]
Hear = Callable[[Samples, int], None]

PIECE = VOICE_RATE // 100  # samples: 10 ms
LATENCY = 0.020  # seconds asked of the sound system
SILENT = 2.0  # seconds without a single piece: the device is gone
LOOK = 0.25  # seconds between looks at it
RETRY = 1.0  # seconds between attempts to open it


class Microphone:
    """Calls `hear(samples, position)` on the event loop; positions count 48 kHz samples.

    Positions go on in real time while the device is away, so what comes after it is in its place.
    """

    def __init__(self, wanted: str | None, hear: Hear) -> None:
        self.name = wanted or "default microphone"
        self.problem = ""
        self.level = 0.0  # root mean square of the latest piece
        self._wanted = wanted
        self._hear = hear
        self._loop = asyncio.get_running_loop()
        self._stream: Any = None
        self._heard_at = 0.0
        self._position = 0

    def open(self) -> None:
        """Begin to listen. Raises AvatarError if the device is not there or cannot be opened."""
        device = find_device("input", self._wanted)
        self.name = device.description if device.through_pulse else device.name
        self._stream = open_input(device, self._capture)
        self._heard_at = time.monotonic()
        self._position = 0
        self._stream.start()

    async def keep(self) -> None:
        """Watch over the device and open it again whenever it is lost."""
        while True:
            await asyncio.sleep(LOOK if not self.problem else RETRY)
            try:
                if self._stream is None:
                    self.open()
                elif self._lost():
                    self.close()
                    self.level = 0.0
                    raise AvatarError(f"the microphone {self.name} is gone; waiting for it")
                else:
                    self.problem = ""
            except AvatarError as error:
                self.problem = str(error)

    def close(self) -> None:
        if self._stream is not None:
            stream, self._stream = self._stream, None
            stream.close(ignore_errors=True)

    def _lost(self) -> bool:
        return not self._stream.active or time.monotonic() - self._heard_at > SILENT

    def _capture(self, sound: Samples, *_: Any) -> None:
        """Called by PortAudio's own thread."""
        self._loop.call_soon_threadsafe(self._take, sound[:, 0].copy())

    def _take(self, piece: Samples) -> None:
        self._heard_at = time.monotonic()
        if not self._position:
            self._position = round(self._heard_at * VOICE_RATE)
        self.level = float(np.sqrt(np.mean(np.square(piece))))
        self._hear(piece, self._position)
        self._position += len(piece)


def open_input(device: SoundDevice, callback: Any) -> Any:
    """A PortAudio stream that calls `callback` with (480, 1) float32. Raises AvatarError."""
    sounddevice = portaudio()
    device.select()
    try:
        return sounddevice.InputStream(
            device=device.portaudio, channels=1, samplerate=VOICE_RATE, blocksize=PIECE,
            latency=LATENCY, dtype="float32", callback=callback,
        )  # fmt: skip
    except sounddevice.PortAudioError as error:
        raise AvatarError(
            f"the microphone {device.name} cannot be opened ({error.args[0]}); another program may "
            "be using it"
        ) from error
