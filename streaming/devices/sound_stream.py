"""One open sound device, and whether it still is one."""

import itertools
import time
from collections.abc import Callable
from typing import Any

from avatar.errors import AvatarError
from streaming.devices.portaudio import SoundDevice, portaudio
from streaming.media.clock import VOICE_RATE

BLOCKS_PER_S = 100  # streams work in pieces of 10 ms
LATENCY_S = 0.020  # asked of the device
STALL_TIMEOUT_S = 4.0  # without a single piece: the device is gone
KIND = {"input": "microphone", "output": "sound output"}

Callback = Callable[..., None]


class SoundStream:
    """Float32 at 48 kHz, or at the device's own rate if it has no other; outputs are mono."""

    def __init__(self, device: SoundDevice, callback: Callback) -> None:
        """Open and start it; `callback` is PortAudio's. Raises AvatarError."""
        self.device = device
        self.unplugged = False
        self._callback = callback
        self._moved_at = time.monotonic()
        sounddevice = portaudio()
        device.select()
        own = sounddevice.query_devices(device.portaudio)["default_samplerate"]
        ways = itertools.product((device.channels, 1), (VOICE_RATE, round(own)))
        for channels, rate in ways:
            try:
                self._stream = _open(device, channels, rate, self._move)
                self._stream.start()
                break
            except sounddevice.PortAudioError as error:
                problem = error
        else:
            raise AvatarError(
                f"the {KIND[device.direction]} {device.label} cannot be opened "
                f"({problem.args[0]}); another program may be using it"
            ) from problem

    @property
    def rate(self) -> int:
        """Samples a second."""
        return round(float(self._stream.samplerate))

    @property
    def latency(self) -> float:
        """Seconds, as the device says before it runs."""
        return float(self._stream.latency)

    def check(self) -> None:
        """Raises AvatarError if the device is gone."""
        silent = time.monotonic() - self._moved_at > STALL_TIMEOUT_S
        if self.unplugged or silent or not self._stream.active:
            kind = KIND[self.device.direction]
            raise AvatarError(f"the {kind} {self.device.label} is gone; waiting for it")

    def close(self) -> None:
        """Safe on a device that is gone."""
        self._stream.close(ignore_errors=True)

    def _move(self, *arguments: Any) -> None:
        """Called by PortAudio's own thread."""
        self._moved_at = time.monotonic()
        self._callback(*arguments)


def _open(device: SoundDevice, channels: int, rate: int, callback: Callback) -> Any:
    kind = getattr(portaudio(), f"{device.direction.capitalize()}Stream")
    return kind(
        device=device.portaudio, channels=channels, samplerate=rate, blocksize=rate // BLOCKS_PER_S,
        latency=LATENCY_S, dtype="float32", callback=callback,
    )  # fmt: skip
