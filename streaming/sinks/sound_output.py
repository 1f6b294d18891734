"""A sound device as a sink: the voice, heard when its picture is shown."""

import time
from typing import Any

from avatar.errors import AvatarError
from streaming.camera.sound_devices import SoundDevice, find_device, portaudio
from streaming.clock import VOICE_RATE, SessionClock
from streaming.renderer import I420
from streaming.sinks.sink import Voice
from streaming.sinks.voice_pace import VoicePace
from streaming.sinks.voice_ring import VoiceRing

BLOCK = VOICE_RATE // 100  # samples: 10 ms
LATENCY = 0.020  # seconds asked of the sound system
RESERVE = 0.030  # seconds that sound lies ready before the device wants it
LONGEST_LATENCY = 1.0  # seconds; a device that claims more does not know
SILENT = 2.0  # seconds without the device's asking for sound: it is gone


class SoundOutput:
    """Plays the voice on an output, usually a virtual cable that a call program listens to."""

    def __init__(self, device: SoundDevice, clock: SessionClock) -> None:
        """Open it. Raises AvatarError if that is not possible."""
        self.name = device.description if device.through_pulse else device.name
        self.pace = VoicePace()
        self._clock = clock
        self._ring = VoiceRing()
        self._asked_at = time.monotonic()
        self._stream = open_output(device, self._fill)
        self._latency: float = self._stream.latency
        self._stream.start()

    @classmethod
    async def open(cls, wanted: str | None, clock: SessionClock) -> "SoundOutput":
        """The output of that name, or the default one. Raises AvatarError."""
        return cls(find_device("output", wanted), clock)

    @property
    def lead(self) -> float:
        return self._latency + RESERVE

    async def ready(self) -> None:
        if not self._stream.active or time.monotonic() - self._asked_at > SILENT:
            raise AvatarError(f"the sound output {self.name} is gone; waiting for it")

    def show(self, number: int, picture: I420) -> None:
        """Nothing is seen here."""

    def speak(self, start: int, samples: Voice) -> None:
        self._ring.write(start, samples)

    async def close(self) -> None:
        self._stream.close(ignore_errors=True)

    def _fill(self, sound: Any, frames: int, times: Any, _: Any) -> None:
        """Called by PortAudio's own thread whenever the device wants sound."""
        self._asked_at = time.monotonic()
        latency = times.outputBufferDacTime - times.currentTime
        if not 0 < latency < LONGEST_LATENCY:
            latency = self._latency
        if not self._clock.started:
            sound[:] = 0
            return
        heard = self._asked_at + latency - self._clock.present(0)
        start, step = self.pace.next(heard * VOICE_RATE, frames)
        sound[:] = self._ring.read(start, step, frames)[:, None]


def needed_lead(wanted: str | None) -> float:
    """Seconds of `lead` that an output will want. Raises AvatarError if it cannot be opened."""
    with open_output(find_device("output", wanted), lambda *_: None) as stream:
        return float(stream.latency) + RESERVE


def open_output(device: SoundDevice, callback: Any) -> Any:
    """A PortAudio stream that asks `callback` for (480, 1 or 2) float32. Raises AvatarError."""
    sounddevice = portaudio()
    device.select()
    try:
        return sounddevice.OutputStream(
            device=device.portaudio, channels=2, samplerate=VOICE_RATE, blocksize=BLOCK,
            latency=LATENCY, dtype="float32", callback=callback,
        )  # fmt: skip
    except sounddevice.PortAudioError as error:
        raise AvatarError(
            f"the sound output {device.name} cannot be opened ({error.args[0]}); another program "
            "may be using it"
        ) from error
