"""A sound device as a sink: the voice, heard when its picture is shown."""

import time
from typing import Any

from streaming.devices.sound_system import SoundSystem
from streaming.media.clock import VOICE_RATE, SessionClock
from streaming.media.sink import Voice
from streaming.render.renderer import I420
from streaming.sinks.drift_correction import DriftCorrection
from streaming.sinks.voice_ring import VoiceRing

RESERVE_S = 0.030  # that sound lies ready before the device wants it
MAX_LATENCY_S = 1.0  # a device that claims more does not know


class SoundOutput:
    """Plays the voice on an output, usually a virtual cable that a call program listens to."""

    def __init__(self, system: SoundSystem, wanted: str | None, clock: SessionClock) -> None:
        """Open the output of that name, or the default one. Raises AvatarError."""
        self.pace = DriftCorrection()
        self._system = system
        self._clock = clock
        self._ring = VoiceRing()
        self._latency, self._faster = 0.0, 1.0
        self._stream = system.open("output", wanted, self._fill)
        self._latency = self._stream.latency
        self._faster = VOICE_RATE / self._stream.rate

    @property
    def name(self) -> str:
        return self._stream.device.label

    @property
    def lead(self) -> float:
        return self._latency + RESERVE_S

    @property
    def behind(self) -> float:
        """Seconds that the voice is behind its picture, as the device tells it."""
        return self.pace.error / VOICE_RATE

    async def ready(self) -> None:
        self._stream.check()

    def show(self, number: int, picture: I420) -> None:
        """Nothing is seen here."""

    def speak(self, start: int, samples: Voice) -> None:
        self._ring.write(start, samples)

    async def close(self) -> None:
        self._system.close(self._stream)

    def _fill(self, sound: Any, frames: int, times: Any, _: Any) -> None:
        """Called by PortAudio's own thread whenever the device wants sound."""
        latency = times.outputBufferDacTime - times.currentTime
        if not 0 < latency < MAX_LATENCY_S:
            latency = self._latency
        if not self._clock.started:
            sound[:] = 0
            return
        heard = time.monotonic() + latency - self._clock.present(0)
        start, step = self.pace.next(heard * VOICE_RATE, frames * self._faster)
        sound[:, 0] = self._ring.read(start, step * self._faster, frames)


def needed_lead(system: SoundSystem, wanted: str) -> float:
    """Seconds of `lead` that an output will want. Raises AvatarError if it cannot be opened."""

    def silence(sound: Any, *_: Any) -> None:
        sound[:] = 0

    stream = system.open("output", wanted, silence)
    latency = stream.latency
    system.close(stream)
    return latency + RESERVE_S
