"""A microphone of this machine: its sound in pieces of 10 ms, and again when it comes back."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from avatar.errors import AvatarError
from avatar.media.downmix import Downmix
from avatar.media.samples import Samples
from streaming.devices.resampler import BlockResampler
from streaming.devices.sound_stream import SoundStream
from streaming.devices.sound_system import SoundSystem
from streaming.media.clock import VOICE_RATE

Hear = Callable[[Samples, int], None]

POLL_INTERVAL_S = 0.25  # between looks at it
RETRY_INTERVAL_S = 1.0  # between attempts to open it


class Microphone:
    """Calls `hear(samples, position)` on the event loop; positions count 48 kHz samples.

    Positions go on in real time while the device is away, so what comes after it is in its place.
    """

    def __init__(self, system: SoundSystem, wanted: str | None, hear: Hear) -> None:
        self.name = wanted or "default microphone"
        self.problem = ""
        self.level = 0.0  # root mean square of the latest piece
        self._system = system
        self._wanted = wanted
        self._hear = hear
        self._loop = asyncio.get_running_loop()
        self._stream: SoundStream | None = None
        self._downmix: Downmix | None = None
        self._pieces: BlockResampler | None = None
        self._position = 0

    def open(self) -> None:
        """Begin to listen. Raises AvatarError if the device is not there or cannot be opened."""
        self._position = 0
        self._stream = self._system.open("input", self._wanted, self._capture)
        self._downmix = Downmix(self._stream.rate)
        self._pieces = BlockResampler(self._stream.rate)
        self.name = self._stream.device.label

    async def keep(self) -> None:
        """Watch over the device and open it again whenever it is lost."""
        while True:
            await asyncio.sleep(RETRY_INTERVAL_S if self.problem else POLL_INTERVAL_S)
            try:
                if self._stream is None:
                    await self._system.look_again("input", self._wanted)
                    self.open()
                assert self._stream is not None
                self._stream.check()
                self.problem = ""
            except AvatarError as error:
                self.problem = str(error)
                self.close()

    def close(self) -> None:
        """Stop listening; safe to call twice."""
        if self._stream is not None:
            self._system.close(self._stream)
            self._stream = None
            self.level = 0.0

    def _capture(self, sound: Samples, *_: Any) -> None:
        """Called by PortAudio's own thread."""
        self._loop.call_soon_threadsafe(self._take, sound.copy())

    def _take(self, sound: Samples) -> None:
        if self._pieces is None or self._downmix is None:
            return
        sound = self._downmix.push(sound)
        self.level = float(np.sqrt(np.mean(np.square(sound))))
        self._position = self._position or round(time.monotonic() * VOICE_RATE)
        for piece in self._pieces.push(sound):
            self._hear(piece, self._position)
            self._position += len(piece)
