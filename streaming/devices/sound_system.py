"""All sound devices that are open, and what is plugged in and out meanwhile."""

import asyncio
import subprocess
import sys
from typing import NoReturn

from avatar.errors import AvatarError
from streaming.devices.portaudio import Direction, find_device, list_devices, portaudio
from streaming.devices.sound_stream import Callback, SoundStream

POLL_INTERVAL_S = 1.0  # between looks at what is plugged in
PROBE_TIMEOUT_S = 20


class SoundSystem:
    """Opens devices; run `watch` beside them."""

    def __init__(self) -> None:
        self._streams: set[SoundStream] = set()

    def open(self, direction: Direction, wanted: str | None, callback: Callback) -> SoundStream:
        """The device of that name, or the default one, running. Raises AvatarError."""
        stream = SoundStream(find_device(direction, wanted), callback)
        self._streams.add(stream)
        return stream

    def close(self, stream: SoundStream) -> None:
        self._streams.discard(stream)
        stream.close()

    async def watch(self) -> NoReturn:
        """Notice devices that PulseAudio and PipeWire have lost.

        They move a stream to another device then, and say nothing: somebody else's microphone
        would speak, or the voice would come out of the loudspeakers.
        """
        while True:
            await asyncio.sleep(POLL_INTERVAL_S)
            watched = [stream for stream in self._streams if stream.device.through_pulse]
            for direction in {stream.device.direction for stream in watched}:
                here = await asyncio.to_thread(list_devices, direction)
                for stream in watched:
                    lost = stream.device.name not in {device.name for device in here}
                    stream.unplugged |= stream.device.direction == direction and lost

    async def look_again(self, direction: Direction, wanted: str | None) -> None:
        """See a device that was plugged in after PortAudio had looked for devices.

        It only does so when it starts, and starting it again closes every stream; so another
        process looks first.
        """
        try:
            find_device(direction, wanted)
        except AvatarError:
            if await asyncio.to_thread(_plugged_in, direction, wanted):
                for stream in list(self._streams):
                    self.close(stream)
                portaudio()._terminate()
                portaudio()._initialize()


def _plugged_in(direction: Direction, wanted: str | None) -> bool:
    """Whether a new process finds the device."""
    words = [direction] if wanted is None else [direction, wanted]
    command = [sys.executable, "-m", "streaming.devices.portaudio", *words]
    try:
        return subprocess.run(command, capture_output=True, timeout=PROBE_TIMEOUT_S).returncode == 0
    except subprocess.TimeoutExpired:
        return False
