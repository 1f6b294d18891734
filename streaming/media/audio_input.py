"""The caller's sound, laid out by its time stamps: gaps filled, cut into the chunks of frames."""

import asyncio
import contextlib
import math
from collections.abc import Callable
from typing import cast

import av
import numpy as np

from avatar.media.downmix import Downmix
from avatar.media.samples import Samples
from streaming.core import metrics
from streaming.media.clock import VOICE_PER_FRAME, VOICE_RATE, SessionClock
from streaming.media.concealment import HISTORY_SAMPLES, continue_sound
from streaming.media.downsampling import CONTEXT, downsample
from streaming.media.upsampler import Upsampler

RING_SAMPLES = 4 * VOICE_RATE  # far more than any delay, and constant
SETTLING_PACKETS = 10  # the promptest of the first packets fixes when sound is due
OBSERVATION_S = 1.0  # over which the promptest packet is looked for
MAX_LATENESS_S = 0.010  # beyond it sound is moved, not the clock: chunks are whole again
MAX_EARLINESS_S = 0.030  # beyond it sound is moved, so that it is not shown later than need be
JUMP = 1.0  # seconds: nothing arrives this early, so the sender began a new count


class AudioInput:
    """Holds the recent past of a caller's sound by position (48 kHz samples since the start).

    Packets are placed by their time stamps, however late or early they come. What is missing when
    it is needed is made up (concealed); a late packet still replaces it for whoever reads later.
    """

    def __init__(self, clock: SessionClock) -> None:
        self.concealed = 0  # samples handed out that were never received
        self.listener: Callable[[int, Samples], None] | None = None
        "Told of sound as it comes: its position, its samples."
        self._clock = clock
        self._downmix = Downmix(VOICE_RATE)
        self._ring: Samples = np.zeros(RING_SAMPLES, np.float32)
        self._offset: int | None = None  # position = time stamp + offset
        self._received = 0  # end of the sound received so far
        self._filled = 0  # end of what is in the ring, made-up sound included
        self._grown = asyncio.Event()
        self._settled = 0
        self._epoch_guess = math.inf
        self._best_lead = -math.inf
        self._longest_wait = 0  # samples
        self._watched_since = 0.0
        self._upsampler: Upsampler | None = None

    def feed(self, frame: av.AudioFrame) -> None:
        """Take one decoded packet: s16, any number of channels, `pts` in samples.

        The rate is 48 kHz, or one that divides it.
        """
        channels = len(frame.layout.channels)
        pcm = frame.to_ndarray().reshape(-1, channels)
        samples = self._downmix.push(pcm.astype(np.float32) / np.float32(32768))
        stamp = cast(int, frame.pts)
        if frame.sample_rate != VOICE_RATE:
            self._upsampler = self._upsampler or Upsampler(frame.sample_rate)
            samples, stamp = self._upsampler.take(samples, stamp)
        self.push(samples, stamp)

    def push(self, samples: Samples, stamp: int) -> None:
        """Take `samples` (n,) that begin at time stamp `stamp`."""
        end = stamp + len(samples)
        if self._offset is None and not self._anchor(end, len(samples)):
            return
        self._watch(end, len(samples))
        position = stamp + cast(int, self._offset)
        self._write(samples, position)
        if self.listener:
            self.listener(position, samples)

    async def wait_for_frame(self, number: int, until: float) -> None:
        """Return once the sound beside video frame `number` is all there, or at time `until`."""
        end = (number + 1) * VOICE_PER_FRAME
        # asyncio.wait_for, before Python 3.12, may swallow the cancelling of a session's task.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(until - self._clock.monotonic()):
                while self._received < end:
                    self._grown.clear()
                    await self._grown.wait()

    def chunk(self, number: int) -> Samples:
        """Sound beside video frame `number`: (640,) float32 at 16 kHz; asked for in order."""
        end = (number + 1) * VOICE_PER_FRAME
        missing = self._fill(end)
        self.concealed += missing
        metrics.SOUND_GAPS.inc(bool(missing))
        metrics.SOUND_GAP_SECONDS.inc(missing / VOICE_RATE)
        return downsample(self._read(end - VOICE_PER_FRAME - CONTEXT, end))

    def skip(self, number: int) -> None:
        """The sound beside video frame `number` is not asked for: another source speaks."""
        self._fill((number + 1) * VOICE_PER_FRAME)

    def voice(self, start: int, count: int) -> Samples:
        """The sound itself at positions [start, start + count), 48 kHz."""
        self._fill(start + count)
        return self._read(start, start + count)

    def _anchor(self, end: int, count: int) -> bool:
        """Decide which position the sound that ends at time stamp `end` has; False: not yet."""
        if self._clock.started:
            # Rounded up to a whole step, so that packets end where frames end.
            step, due = _step(count), self._clock.position() + _wait(count)
            self._offset = math.ceil(due / step) * step - end
            return True
        now = self._clock.monotonic()
        self._epoch_guess = min(self._epoch_guess, now - end / VOICE_RATE)
        self._settled += 1
        if self._settled == SETTLING_PACKETS:
            self._offset = -end
            self._clock.start(self._epoch_guess + (end + _wait(count)) / VOICE_RATE)
        return False

    def _watch(self, end: int, count: int) -> None:
        """Keep the clock and the source together: slew for drift, move for a changed path."""
        now = self._clock.monotonic()
        lead = self._clock.capture(end + cast(int, self._offset)) - now
        self._best_lead = max(self._best_lead, lead)
        self._longest_wait = max(self._longest_wait, _wait(count))
        if lead < JUMP and now - self._watched_since < OBSERVATION_S:
            return
        spare = self._best_lead - self._longest_wait / VOICE_RATE
        if spare > MAX_EARLINESS_S or spare < -MAX_LATENESS_S:
            step = _step(count)
            self._offset = cast(int, self._offset) - math.floor(spare * VOICE_RATE / step) * step
        else:
            self._clock.follow(spare)
        self._best_lead, self._longest_wait = -math.inf, 0
        self._watched_since = now

    def _write(self, samples: Samples, position: int) -> None:
        end = position + len(samples)
        if (
            position < max(0, self._filled - RING_SAMPLES // 2)
            or end > self._filled + RING_SAMPLES // 2
        ):
            return
        self._fill(position)
        place = position % RING_SAMPLES
        before = min(len(samples), RING_SAMPLES - place)
        self._ring[place : place + before] = samples[:before]
        self._ring[: len(samples) - before] = samples[before:]
        self._filled = max(self._filled, end)
        self._received = max(self._received, end)
        self._grown.set()

    def _fill(self, end: int) -> int:
        """Make up what is missing before `end`; returns how many samples that was."""
        missing = end - self._filled
        if missing <= 0:
            return 0
        history = self._read(self._received - HISTORY_SAMPLES, self._received)
        made_up = continue_sound(history, self._filled - self._received, missing)
        self._ring[np.arange(self._filled, end) % RING_SAMPLES] = made_up
        self._filled = end
        return missing

    def _read(self, start: int, end: int) -> Samples:
        place, count = start % RING_SAMPLES, end - start
        if place + count <= RING_SAMPLES:
            return self._ring[place : place + count].copy()
        before = self._ring[place:]
        return np.concatenate([before, self._ring[: count - len(before)]])


def _step(count: int) -> int:
    """Samples that packets of `count` may be moved by, and still end where frames end."""
    return math.gcd(count, VOICE_PER_FRAME)


def _wait(count: int) -> int:
    """Samples that the end of a frame waits at most for the end of its packet of `count`.

    None for packets of 10, 20 and 40 ms; 40 ms for those of 60, 80 ms for those of 120.
    """
    return count - _step(count)
