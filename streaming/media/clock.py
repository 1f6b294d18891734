"""One clock a session: where a sound sample stands on the server's own monotonic time."""

import asyncio
import time
from collections.abc import Callable

from avatar.audio import FPS, SAMPLE_RATE

VOICE_RATE = 48_000  # Hz, the rate of WebRTC sound; positions of a session count these samples
VOICE_PER_FRAME = VOICE_RATE // FPS  # 1920 samples of 48 kHz stand beside one video frame
VOICE_PER_SAMPLE = VOICE_RATE // SAMPLE_RATE  # 3
VIDEO_RATE = 90_000  # Hz, RTP time base of video
VIDEO_TICKS_PER_FRAME = VIDEO_RATE // FPS

MAX_SLEW = 0.0005  # seconds the clock may move in one second: beyond it a voice changes its pitch
DEAD_BAND = 0.003  # seconds the source may stray before the clock follows it

Monotonic = Callable[[], float]


class SessionClock:
    """Maps positions (48 kHz samples since the start) to monotonic seconds, and holds the delay.

    `capture(position)` is when that sound is due to reach the server; `present(position)` is when
    its picture and its voice leave, exactly `delay` later. Both outgoing tracks wait for `start`,
    so both count from the same instant. The delay never changes after construction.
    """

    def __init__(self, delay: float, monotonic: Monotonic = time.monotonic) -> None:
        self.delay = delay
        self.monotonic = monotonic
        self._epoch = 0.0
        self._wall_minus_monotonic = 0.0
        self._slewed_at = 0.0
        self._started = asyncio.Event()

    @property
    def started(self) -> bool:
        return self._started.is_set()

    def start(self, epoch: float) -> None:
        """Fix position 0 at monotonic time `epoch`; later calls change nothing."""
        if self.started:
            return
        self._epoch = epoch
        self._slewed_at = self.monotonic()
        # Wall time is read once: a system clock set back during a call must not part the tracks.
        self._wall_minus_monotonic = time.time() - time.monotonic()
        self._started.set()

    async def wait_started(self) -> None:
        await self._started.wait()

    def position(self) -> float:
        """Position of the sound that is due to reach the server now."""
        return (self.monotonic() - self._epoch) * VOICE_RATE

    def capture(self, position: float) -> float:
        return self._epoch + position / VOICE_RATE

    def present(self, position: float) -> float:
        return self.capture(position) + self.delay

    def present_wall(self, position: float) -> float:
        """Unix time of `present`: what an honest Sender Report says."""
        return self.present(position) + self._wall_minus_monotonic

    def follow(self, lead: float) -> None:
        """Follow a source whose own clock runs a little fast or slow.

        lead: seconds by which the promptest recent sound came before it was due (negative: after).
        """
        now = self.monotonic()
        allowed = (now - self._slewed_at) * MAX_SLEW
        self._slewed_at = now
        if abs(lead) > DEAD_BAND:
            self._epoch -= max(-allowed, min(allowed, lead))

    async def sleep_until(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - self.monotonic()))
