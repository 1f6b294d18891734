"""pipecat: a service of a pipeline that turns the speech of its text-to-speech into a face."""

import asyncio
import functools
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    OutputImageRawFrame,
    OutputTransportReadyFrame,
    SpeechOutputAudioRawFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.ai_service import AIService
from pipecat.services.settings import ServiceSettings

from avatar.errors import AvatarError
from avatar.gestures import Gesture
from avatar.rendering.backends.registry import AUTO
from streaming.core.mark_settings import MarkSettings
from streaming.doors.gesture_frame import GestureFrame
from streaming.doors.local_avatar import new_stream, rendering, running
from streaming.media.avatar_stream import AvatarStream
from streaming.media.clock import VOICE_RATE
from streaming.media.sink import Voice
from streaming.media.speech_queue import (
    SpeechEvent,
    SpeechFinished,
    SpeechQueue,
    SpeechRefusedError,
    SpeechStarted,
)
from streaming.render.client import RenderClient
from streaming.render.find_speakers import find_speakers
from streaming.render.renderer import I420, FindSpeakers

MOST_PICTURES = 3  # that may wait to be pushed on; then pictures are skipped
POLL_INTERVAL_S = 0.02  # between looks whether all was spoken


class PipecatSink:
    """Frames of a pipeline, in the order in which they are due."""

    name = "pipecat"
    lead = 0.0

    def __init__(self) -> None:
        self.frames: asyncio.Queue[Frame] = asyncio.Queue()
        self.taken = asyncio.Event()

    async def ready(self) -> None:
        while self.frames.qsize() > 3 * MOST_PICTURES:  # a picture has two pieces of sound
            self.taken.clear()
            await self.taken.wait()

    def show(self, _number: int, picture: I420) -> None:
        rgb = cv2.cvtColor(picture, cv2.COLOR_YUV2RGB_I420)
        height, width = rgb.shape[:2]
        self.frames.put_nowait(OutputImageRawFrame(rgb.tobytes(), (width, height), "RGB"))

    def speak(self, _start: int, samples: Voice) -> None:
        pcm = np.clip(samples * 32768, -32768, 32767).astype("<i2").tobytes()
        self.frames.put_nowait(SpeechOutputAudioRawFrame(pcm, VOICE_RATE, 1))

    async def close(self) -> None:
        """Nothing is held."""


@dataclass
class AvatarVideoSettings(ServiceSettings):
    """There is nothing to set while it runs."""


class AvatarVideoService(AIService):
    """TTSAudioRawFrame, TTSStoppedFrame, InterruptionFrame in; pictures and their voice out.

    A GestureFrame moves the head at once, before what of the speech still waits to be heard.

    Put it between the text-to-speech and the output of a transport with `audio_out_enabled`,
    `video_out_enabled`, `video_out_is_live`, `video_out_framerate=25` and the size of the speaker.
    """

    Settings = AvatarVideoSettings

    def __init__(
        self,
        *,
        speaker: str = "demo",
        device: str = AUTO,
        backend: str = AUTO,
        find: FindSpeakers | None = None,
        watermark: bool = True,
        label: bool = True,
        label_reason: str = "",
        label_language: str = "en",
        **kwargs: Any,
    ) -> None:
        """`speaker`: a name or the path of a bundle; `find`: other speakers than this machine's.

        The rest says how pictures tell that they are synthetic. Raises AvatarError if there is to
        be no label, and no reason for it.
        """
        self._marks = MarkSettings(
            watermark=watermark,
            label=label,
            label_reason=label_reason,
            label_language=label_language,
        )
        super().__init__(settings=AvatarVideoSettings(model=None), **kwargs)
        self._find = find or functools.partial(find_speakers, speaker, device, backend)
        self._open = AsyncExitStack()
        self._renderer: RenderClient | None = None
        self._stream: AvatarStream | None = None
        self._queue: SpeechQueue | None = None
        self._sink = PipecatSink()
        self._came_early = False

    def can_generate_metrics(self) -> bool:
        return True

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures; (0, 0) before it is set up."""
        return self._size

    _size = (0, 0)

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Start the rendering process. Raises AvatarError if the speaker cannot be had."""
        await super().setup(setup)
        self._renderer = await self._open.enter_async_context(rendering(self._find))
        self._size = await self._renderer.prepare(self._renderer.ready.first)

    async def stop(self, frame: EndFrame) -> None:
        """Let what was pushed be heard, then end."""
        await super().stop(frame)
        if self._queue:
            self._queue.end_segment()
            while self._queue.speaking:
                await asyncio.sleep(POLL_INTERVAL_S)
        await self._open.aclose()

    async def cancel(self, frame: CancelFrame) -> None:
        await super().cancel(frame)
        await self._open.aclose()

    async def cleanup(self) -> None:
        await super().cleanup()
        await self._open.aclose()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case TTSAudioRawFrame():
                await self._push(frame)
            case TTSStoppedFrame():
                if self._queue:
                    self._queue.end_segment()
            case GestureFrame():
                await self._make(frame.gesture)
            case TTSStartedFrame():
                await self.start_ttfb_metrics()
            case InterruptionFrame():
                if self._queue:
                    self._queue.clear()
                await self.push_frame(frame, direction)
            case OutputTransportReadyFrame():
                await self._begin()
                await self.push_frame(frame, direction)
            case _:
                await self.push_frame(frame, direction)

    async def _make(self, gesture: Gesture) -> None:
        try:
            if self._stream:
                self._stream.gesture(gesture)
        except AvatarError as error:
            await self.push_error(str(error))

    async def _begin(self) -> None:
        if self._queue or self._renderer is None:
            return
        self._marks.report()
        self._stream = stream = new_stream(self._renderer, self._marks)
        await stream.join(self._renderer.ready.first)
        self._queue = await self._open.enter_async_context(
            running(stream, self._sink, self._marks, self._report)
        )
        forward = self.create_task(self._forward())
        self._open.push_async_callback(self.cancel_task, forward)

    async def _push(self, frame: TTSAudioRawFrame) -> None:
        if self._queue is None:
            if not self._came_early:
                await self.push_error("speech came before the output transport was ready")
            self._came_early = True
            return
        try:
            await self._queue.push_in_time(_mono(frame), frame.sample_rate)
        except SpeechRefusedError as error:
            await self.push_error(str(error))

    async def _forward(self) -> None:
        while True:
            frame = await self._sink.frames.get()
            self._sink.taken.set()
            await self.push_frame(frame)

    def _report(self, event: SpeechEvent) -> None:
        if isinstance(event, SpeechStarted):
            self.create_task(self.stop_ttfb_metrics())
        elif isinstance(event, SpeechFinished) and event.end == "abandoned":
            self.create_task(self.push_error("no speech came for 5 s in the middle of a segment"))


def _mono(frame: TTSAudioRawFrame) -> bytes:
    if frame.num_channels == 1:
        return bytes(frame.audio)
    if len(frame.audio) % (2 * frame.num_channels):
        raise SpeechRefusedError(f"{len(frame.audio)} bytes are no sound of whole samples")
    pcm = np.frombuffer(frame.audio, "<i2").reshape(-1, frame.num_channels)
    mono: bytes = pcm.mean(axis=1).astype("<i2").tobytes()
    return mono
