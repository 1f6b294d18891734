"""LiveKit: the avatar's side of a room, which turns an agent's speech into a face."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TypeAlias

import numpy as np
from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd, AvatarOptions, VideoGenerator

from avatar.audio import FPS
from streaming.core.mark_settings import MarkSettings
from streaming.doors.local_avatar import running
from streaming.media.avatar_stream import AvatarStream
from streaming.media.clock import VOICE_RATE
from streaming.media.sink import Voice
from streaming.media.speech_queue import (
    SpeechEvent,
    SpeechFinished,
    SpeechQueue,
    SpeechRefusedError,
)
from streaming.render.renderer import I420

log = logging.getLogger(__name__)

Given: TypeAlias = rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd

GESTURE_METHOD = "speech2lip.gesture"  # an RPC of the face; it takes `GestureFields` as JSON
MOST_WAITING = 12  # frames and pieces of sound: then pictures are skipped


class RoomSink:
    """Frames for a room. LiveKit counts what is played by the sound it is given: speech alone."""

    name = "LiveKit"
    lead = 0.0

    def __init__(self) -> None:
        self.given: asyncio.Queue[Given] = asyncio.Queue()
        self.taken = asyncio.Event()
        self.queue: SpeechQueue | None = None
        self._start = 0  # of the latest piece of sound
        self._silent_until = 0

    async def ready(self) -> None:
        while self.given.qsize() > MOST_WAITING:
            self.taken.clear()
            await self.taken.wait()

    def show(self, _number: int, picture: I420) -> None:
        height, width = picture.shape[0] * 2 // 3, picture.shape[1]
        frame = rtc.VideoFrame(width, height, rtc.VideoBufferType.I420, picture.tobytes())
        self.given.put_nowait(frame)

    def speak(self, start: int, samples: Voice) -> None:
        self._start = start
        is_speech = self.queue is not None and self.queue.is_speech(start, len(samples))
        if is_speech and start >= self._silent_until:
            self.given.put_nowait(_sound(samples * 32768))

    def break_off(self) -> None:
        """Give no more of the sound that waits than what lets it fade."""
        waiting = [self.given.get_nowait() for _ in range(self.given.qsize())]
        sound = [frame for frame in waiting if isinstance(frame, rtc.AudioFrame)]
        if sound:
            last = np.frombuffer(sound[0].data, np.int16).astype(np.float32)
            self._silent_until = self._start + 2 * len(last)
            self.given.put_nowait(_sound(last * np.linspace(1, 0, len(last), dtype=np.float32)))
        for frame in waiting:
            if isinstance(frame, rtc.VideoFrame):
                self.given.put_nowait(frame)

    async def close(self) -> None:
        """Nothing is held."""


class AvatarVideoGenerator(VideoGenerator):
    """Takes an agent's sound; gives the face, and the sound with it, each at its time."""

    def __init__(self, stream: AvatarStream, size: tuple[int, int], marks: MarkSettings) -> None:
        """`stream` has joined its renderer; `size`: of its pictures."""
        self.options = AvatarOptions(
            video_width=size[0],
            video_height=size[1],
            video_fps=FPS,
            audio_sample_rate=VOICE_RATE,
            audio_channels=1,
        )
        self._stream, self._marks = stream, marks
        self._sink = RoomSink()
        self._running = AsyncExitStack()

    async def start(self) -> None:
        """Speak and listen from now on. Raises AvatarError if somebody else speaks here."""
        begun = running(self._stream, self._sink, self._marks, self._report)
        self._sink.queue = await self._running.enter_async_context(begun)

    async def push_audio(self, frame: rtc.AudioFrame | AudioSegmentEnd) -> None:
        """Sound that cannot be spoken is passed over, and the log says why."""
        queue = self._queue
        if isinstance(frame, AudioSegmentEnd):
            queue.end_segment()
        else:
            pcm = np.frombuffer(frame.data, np.int16).reshape(-1, frame.num_channels)
            mono = pcm.mean(axis=1).astype("<i2").tobytes()
            try:
                await queue.push_in_time(mono, frame.sample_rate)
            except SpeechRefusedError as error:
                log.warning("speech of an agent was refused: %s", error)

    def clear_buffer(self) -> None:
        self._queue.clear()
        self._sink.break_off()

    async def _frames(self) -> AsyncIterator[Given]:
        while True:
            frame = await self._sink.given.get()
            self._sink.taken.set()
            yield frame

    def __aiter__(self) -> AsyncIterator[Given]:
        return self._frames()

    async def aclose(self) -> None:
        """Free the face's place with the renderer."""
        await self._running.aclose()

    @property
    def _queue(self) -> SpeechQueue:
        assert self._sink.queue is not None
        return self._sink.queue

    def _report(self, event: SpeechEvent) -> None:
        if isinstance(event, SpeechFinished) and event.end != "interrupted":
            self._sink.given.put_nowait(AudioSegmentEnd())


def _sound(samples: Voice) -> rtc.AudioFrame:
    """(960,) in 16-bit units."""
    pcm = np.clip(samples, -32768, 32767).astype("<i2").tobytes()
    return rtc.AudioFrame(pcm, VOICE_RATE, 1, len(samples))
