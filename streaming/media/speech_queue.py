"""Speech that somebody pushes: a text-to-speech, an agent, a file; known ahead, and interruptible.

Segments are heard in the order in which they were pushed, each from the frame on that is cut next
once its look-ahead is there. Between them, and where one runs out of speech, the face listens.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from avatar.audio import FPS
from avatar.errors import AvatarError
from avatar.media.samples import Samples
from streaming.media.clock import VOICE_PER_FRAME, VOICE_RATE, SessionClock
from streaming.media.downsampling import CONTEXT, downsample
from streaming.media.speech_segment import SpeechSegment
from streaming.media.speech_timeline import FADE_SAMPLES, SpeechTimeline

MOST_WAITING = 60 * VOICE_RATE  # samples that may wait to be heard
FULL_S = 30.0  # of speech that wait: who can, pushes more a little later
POLL_INTERVAL_S = 0.05  # between looks whether there is room
SLOWEST_RATE, FASTEST_RATE = 8_000, 96_000  # Hz
STALL_FRAMES = 5 * FPS  # frames without new speech after which a segment is given up


class SpeechRefusedError(AvatarError):
    """Speech that cannot be taken; what was taken before goes on."""


@dataclass(frozen=True)
class SpeechStarted:
    """The first sound of a segment, and its picture, leave now."""

    segment: int


@dataclass(frozen=True)
class SpeechFinished:
    """The last sound of a segment, and its picture, leave now."""

    segment: int
    position: float
    "Seconds of the segment that were heard."
    end: Literal["complete", "interrupted", "abandoned"] = "complete"
    "`abandoned`: speech ceased to come in the middle."


SpeechEvent = SpeechStarted | SpeechFinished


@dataclass(frozen=True)
class _Due:
    """An event, and the position that it is reported with."""

    position: int
    event: SpeechEvent

    def happens_before(self, position: int) -> bool:
        """Whether it still does if speech is broken off at `position`."""
        begins = isinstance(self.event, SpeechStarted)
        return self.position < position if begins else self.position <= position


class SpeechQueue:
    """A source of speech that is pushed; all of it runs on the event loop.

    `generation` is counted up by every `clear`; speech of an older one is dropped.
    """

    def __init__(
        self, clock: SessionClock, lookahead: int, report: Callable[[SpeechEvent], None]
    ) -> None:
        """`lookahead`: frames of speech, beside the first, without which lips do not begin to
        move; `report` is told what is heard, at the time when it leaves."""
        self.generation = 0
        self._needed = (lookahead + 1) * VOICE_PER_FRAME
        self._clock = clock
        self._report = report
        self._spoken = SpeechTimeline()
        self._segments: deque[SpeechSegment] = deque()  # until the last of them is heard
        self._pushed = 0  # segments so far
        self._dry = 0  # frames since the segment to be heard had speech
        self._read_until = 0  # the end of the voice that has left
        self._paused = False
        self._voice_left = asyncio.Event()
        self._events: deque[_Due] = deque()
        self._told = asyncio.Event()

    @property
    def waiting(self) -> float:
        """Seconds of speech that are not laid out yet."""
        return sum(segment.waiting for segment in self._segments) / VOICE_RATE

    @property
    def speaking(self) -> bool:
        """Whether there is anything to be heard, or a segment that is still open."""
        return bool(self._segments)

    @property
    def position(self) -> float:
        """Seconds that were heard of the segment that is being heard; 0 between segments."""
        return self._segments[0].heard(self._leaving) / VOICE_RATE if self._segments else 0.0

    @property
    def next_segment(self) -> int:
        """The number of the segment that is begun next."""
        return self._pushed

    @property
    def progress(self) -> tuple[int, float]:
        """The segment that is heard, or will be next, and the seconds of it that were heard."""
        number = self._segments[0].number if self._segments else self._pushed
        return number, self.position

    def said(self, start: int, count: int) -> Samples:
        """What is heard at positions [start, start + count), 48 kHz, for those who only look."""
        return self._spoken.read(start, count)

    def push(self, pcm: bytes, rate: int, generation: int | None = None) -> None:
        """More speech of the open segment, or of a new one: 16-bit mono, little endian.

        Raises SpeechRefusedError if it is no such sound, or if too much waits already.
        """
        if generation is not None and generation < self.generation:
            return
        samples = _samples(pcm, rate)
        if self.waiting * VOICE_RATE + len(samples) * VOICE_RATE / rate > MOST_WAITING:
            raise SpeechRefusedError(
                f"{MOST_WAITING // VOICE_RATE} s of speech wait to be heard; push it more slowly"
            )
        if not len(samples):
            return
        if not self._segments or self._segments[-1].ended:
            self._segments.append(SpeechSegment(self._pushed))
            self._pushed += 1
        self._segments[-1].push(samples, rate)

    async def push_in_time(self, pcm: bytes, rate: int) -> None:
        """`push` once there is room; speech that is cleared while it waits is dropped."""
        generation = self.generation
        while self.waiting > FULL_S and generation == self.generation:
            await asyncio.sleep(POLL_INTERVAL_S)
        self.push(pcm, rate, generation)

    def end_segment(self, generation: int | None = None) -> None:
        """What was pushed last belongs to the end of its segment; the next push begins another."""
        if generation is not None and generation < self.generation:
            return
        if self._segments and not self._segments[-1].ended:
            self._end(self._segments[-1])

    def clear(self) -> None:
        """Be silent at once, and forget whatever was not heard."""
        self.generation += 1
        self._dry, self._paused = 0, False
        self._events.clear()
        self._voice_left.set()
        silent = self._spoken.break_off(self._cut)
        segments, self._segments = self._segments, deque()
        for segment in segments:
            heard = segment.heard(silent)
            whole = segment.drained and heard == segment.heard(np.inf)
            end: Literal["complete", "interrupted"] = "complete" if whole else "interrupted"
            self._report(SpeechFinished(segment.number, heard / VOICE_RATE, end))

    def pause(self) -> None:
        """Be silent at once, and keep whatever was not heard for `resume`."""
        if self._paused:
            return
        self._paused = True
        cut = self._cut
        silent = cut + self._spoken.fade_samples(cut)
        for segment in self._segments:
            segment.take_back(silent, self._spoken.read)
        self._spoken.break_off(cut)
        self._events = deque(due for due in self._events if due.happens_before(silent))
        self._voice_left.set()

    def resume(self) -> None:
        """Go on where `pause` broke off."""
        self._paused = False

    async def run_reports(self) -> None:
        """Report what is heard, until cancelled; without a sink nothing is."""
        await self._clock.wait_started()
        while True:
            while not self._events:
                self._told.clear()
                await self._told.wait()
            due = self._events[0]
            await self._clock.sleep_until(self._clock.present(due.position))
            # A loop that was held up hands over the voice a little later.
            while self._read_until < due.position and self._awaits(due):
                self._voice_left.clear()
                await self._voice_left.wait()
            if not self._awaits(due):
                continue
            self._events.popleft()
            if isinstance(due.event, SpeechFinished):
                self._segments.popleft()
            self._report(due.event)

    def _awaits(self, due: _Due) -> bool:
        return bool(self._events) and self._events[0] is due

    async def wait_for_frame(self, number: int, until: float) -> None:
        """Return when the sound beside video frame `number` is due; `until`: with no speech yet."""
        await self._clock.sleep_until(self._clock.capture((number + 1) * VOICE_PER_FRAME))
        segment = self._next()
        if segment is None or not self._flows(segment):
            await self._clock.sleep_until(until)

    def chunk(self, number: int) -> Samples:
        """Sound beside video frame `number`: (640,) float32 at 16 kHz; asked for in order."""
        start = number * VOICE_PER_FRAME
        taken = self._frame(start)
        silence = np.zeros(VOICE_PER_FRAME - len(taken), np.float32)
        self._spoken.lay(start, np.concatenate([taken, silence]), len(taken))
        return downsample(self._spoken.read(start - CONTEXT, CONTEXT + VOICE_PER_FRAME))

    def voice(self, start: int, count: int) -> Samples:
        """The sound itself at positions [start, start + count), 48 kHz."""
        self._read_until = max(self._read_until, start + count)
        self._voice_left.set()
        return self._spoken.read(start, count)

    def is_speech(self, start: int, count: int) -> bool:
        """Whether any of what is heard at positions [start, start + count) was pushed."""
        return self._spoken.is_speech(start, count)

    @property
    def _leaving(self) -> float:
        """The position that leaves now."""
        return self._clock.position() - self._clock.delay * VOICE_RATE

    @property
    def _cut(self) -> int:
        """The first position that speech can still be broken off at."""
        return max(self._read_until, int(self._leaving))

    def _next(self) -> SpeechSegment | None:
        """The segment to be laid out."""
        if self._paused:
            return None
        return next((one for one in self._segments if not one.drained), None)

    def _frame(self, start: int) -> Samples:
        """(at most 1920,): the next speech there is, for positions from `start` on."""
        segment = self._next()
        if segment is None:
            return np.zeros(0, np.float32)
        if not self._flows(segment):
            self._wait(segment, start)
            return np.zeros(0, np.float32)
        if not segment.begun:
            self._tell(start, SpeechStarted(segment.number))
        resumes = segment.begun and not segment.flowing
        segment.flowing, self._dry = True, 0
        taken = segment.take(VOICE_PER_FRAME, start)
        if resumes:
            fade = min(FADE_SAMPLES, len(taken))
            taken[:fade] *= np.linspace(0.0, 1.0, fade, dtype=np.float32)
        if segment.drained:
            self._finish(segment)
        return taken

    def _wait(self, segment: SpeechSegment, start: int) -> None:
        """The lips rest, and the voice with them, until the look-ahead is there again."""
        if segment.flowing:
            segment.flowing = False
            self._spoken.fade_before(start)
        self._dry += 1
        if self._dry > STALL_FRAMES:
            self._dry = 0
            segment.abandoned = True
            self._end(segment)

    def _flows(self, segment: SpeechSegment) -> bool:
        """Whether its next frame can be heard: all of it, with the look-ahead at first."""
        needed = VOICE_PER_FRAME if segment.flowing else self._needed
        return segment.ended or segment.waiting >= needed

    def _end(self, segment: SpeechSegment) -> None:
        segment.end()
        if segment.drained:
            self._finish(segment)

    def _finish(self, segment: SpeechSegment) -> None:
        heard = segment.heard(np.inf) / VOICE_RATE
        end: Literal["complete", "abandoned"] = "abandoned" if segment.abandoned else "complete"
        self._tell(segment.reaches, SpeechFinished(segment.number, heard, end))

    def _tell(self, position: int, event: SpeechEvent) -> None:
        self._events.append(_Due(position, event))
        self._told.set()


def _samples(pcm: bytes, rate: int) -> Samples:
    """16-bit mono -> (n,) float32. Raises SpeechRefusedError."""
    if not SLOWEST_RATE <= rate <= FASTEST_RATE:
        raise SpeechRefusedError(
            f"a sample rate of {rate} Hz is not one of speech; "
            f"give one from {SLOWEST_RATE} to {FASTEST_RATE}"
        )
    if len(pcm) % 2:
        raise SpeechRefusedError(f"{len(pcm)} bytes are no 16-bit sound; push whole samples")
    samples: Samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
    return samples
