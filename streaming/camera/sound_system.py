"""PortAudio as a whole: streams at a rate the device has, and devices plugged in later."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from avatar.errors import AvatarError
from streaming.camera.sound_devices import Direction, SoundDevice, find_device, portaudio
from streaming.clock import VOICE_RATE

PIECES = 100  # a second: streams work in pieces of 10 ms
LATENCY = 0.020  # seconds asked of the device
PROBE_LIMIT = 20  # seconds

Callback = Callable[..., None]
KIND = {"input": "microphone", "output": "sound output"}


class SoundSystem:
    """Opens streams and knows which are open.

    PortAudio looks for devices once, when it starts. To see one that was plugged in later it must
    be started again, which closes every stream; so that is done only when another process, started
    for the purpose, has seen the device.
    """

    def __init__(self) -> None:
        self._streams: set[Any] = set()

    def open(self, direction: Direction, wanted: str | None, callback: Callback) -> tuple[str, Any]:
        """(name, running stream) of a device, mono float32. Raises AvatarError."""
        device = find_device(direction, wanted)
        stream = _open(device, callback)
        self._streams.add(stream)
        try:
            stream.start()
        except portaudio().PortAudioError as error:
            self.close(stream)
            raise _refused(device, error) from error
        return device.label, stream

    def close(self, stream: Any) -> None:
        """Safe on a stream whose device is gone."""
        self._streams.discard(stream)
        stream.close(ignore_errors=True)

    async def look_again(self, direction: Direction, wanted: str | None) -> None:
        """If the device is here now but PortAudio does not know it yet, start PortAudio again."""
        loop = asyncio.get_running_loop()
        try:
            find_device(direction, wanted)
        except AvatarError:
            if await loop.run_in_executor(None, _plugged_in, direction, wanted):
                self._restart()

    def _restart(self) -> None:
        for stream in list(self._streams):
            self.close(stream)
        portaudio()._terminate()
        portaudio()._initialize()


def stream_rate(stream: Any) -> int:
    """Samples a second, as the device has it."""
    rate: float = stream.samplerate
    return round(rate)


def _open(device: SoundDevice, callback: Callback) -> Any:
    sounddevice = portaudio()
    device.select()
    kind = getattr(sounddevice, f"{device.direction.capitalize()}Stream")
    own = sounddevice.query_devices(device.portaudio)["default_samplerate"]
    problem: Exception | None = None
    for rate in dict.fromkeys((VOICE_RATE, round(own))):
        try:
            return kind(
                device=device.portaudio, channels=1, samplerate=rate, blocksize=rate // PIECES,
                latency=LATENCY, dtype="float32", callback=callback,
            )  # fmt: skip
        except sounddevice.PortAudioError as error:
            problem = error
    assert problem is not None
    raise _refused(device, problem) from problem


def _refused(device: SoundDevice, error: Exception) -> AvatarError:
    return AvatarError(
        f"the {KIND[device.direction]} {device.label} cannot be opened ({error.args[0]}); another "
        "program may be using it"
    )


def _plugged_in(direction: Direction, wanted: str | None) -> bool:
    """Whether a new process finds the device."""
    words = [direction] if wanted is None else [direction, wanted]
    command = [sys.executable, "-m", "streaming.camera.sound_devices", *words]
    try:
        return subprocess.run(command, capture_output=True, timeout=PROBE_LIMIT).returncode == 0
    except subprocess.TimeoutExpired:
        return False
