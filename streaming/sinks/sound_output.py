"""A sound device as a sink: the voice, heard when its picture is shown."""

import time
from typing import Any

from avatar.errors import AvatarError
from streaming.camera.sound_system import SoundSystem, stream_rate
from streaming.clock import VOICE_RATE, SessionClock
from streaming.renderer import I420
from streaming.sinks.sink import Voice
from streaming.sinks.voice_pace import VoicePace
from streaming.sinks.voice_ring import VoiceRing

RESERVE = 0.030  # seconds that sound lies ready before the device wants it
LONGEST_LATENCY = 1.0  # seconds; a device that claims more does not know
SILENT = 2.0  # seconds without the device's asking for sound: it is gone


class SoundOutput:
    """Plays the voice on an output, usually a virtual cable that a call program listens to."""

    def __init__(self, system: SoundSystem, wanted: str | None, clock: SessionClock) -> None:
        """Open the output of that name, or the default one. Raises AvatarError."""
        self.pace = VoicePace()
        self._system = system
        self._clock = clock
        self._ring = VoiceRing()
        self._asked_at = time.monotonic()
        self._latency, self._faster = 0.0, 1.0
        self.name, self._stream = system.open("output", wanted, self._fill)
        self._latency = self._stream.latency
        self._faster = VOICE_RATE / stream_rate(self._stream)

    @property
    def lead(self) -> float:
        return self._latency + RESERVE

    @property
    def behind(self) -> float:
        """Seconds that the voice is behind its picture, as the device tells it."""
        return self.pace.error / VOICE_RATE

    async def ready(self) -> None:
        if not self._stream.active or time.monotonic() - self._asked_at > SILENT:
            raise AvatarError(f"the sound output {self.name} is gone; waiting for it")

    def show(self, number: int, picture: I420) -> None:
        """Nothing is seen here."""

    def speak(self, start: int, samples: Voice) -> None:
        self._ring.write(start, samples)

    async def close(self) -> None:
        self._system.close(self._stream)

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
        start, step = self.pace.next(heard * VOICE_RATE, frames * self._faster)
        sound[:, 0] = self._ring.read(start, step * self._faster, frames)


def needed_lead(system: SoundSystem, wanted: str) -> float:
    """Seconds of `lead` that an output will want. Raises AvatarError if it cannot be opened."""

    def silence(sound: Any, *_: Any) -> None:
        sound[:] = 0

    _, stream = system.open("output", wanted, silence)
    latency = float(stream.latency)
    system.close(stream)
    return latency + RESERVE
