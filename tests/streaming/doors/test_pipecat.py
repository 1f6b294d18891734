"""A real pipecat pipeline over its WebRTC transport, seen and heard by a real peer."""

import asyncio
import functools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pipecat", reason="pipecat-ai is not installed", exc_type=ImportError)

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    EndFrame,
    ErrorFrame,
    Frame,
    InterruptionFrame,
    OutputImageRawFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from pipecat.workers.runner import WorkerRunner

from avatar.errors import AvatarError
from avatar.gestures import Gesture
from streaming.doors.gesture_frame import GestureFrame
from streaming.doors.pipecat import AvatarVideoService
from tests.streaming.support.agent import Onlooker
from tests.streaming.support.level_bar import ASIDE, SIZE, find_bars
from tests.streaming.support.polling import until
from tests.streaming.support.pushed_stage import RATE, speech


class Agent(FrameProcessor):
    """Where a text-to-speech stands; notes what comes back to it."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[Frame] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.noted.append(frame)
        await self.push_frame(frame, direction)

    def count(self, kind: type[Frame]) -> int:
        return sum(isinstance(frame, kind) for frame in self.noted)


class Eye(FrameProcessor):
    """Sees the pictures before the transport has them."""

    def __init__(self) -> None:
        super().__init__()
        self.labelled: list[bool] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, OutputImageRawFrame):
            picture = np.frombuffer(frame.image, np.uint8).reshape(SIZE, SIZE, 3)
            self.labelled.append(bool((picture[:60, -80:] > 200).any()))
        await self.push_frame(frame, direction)


@dataclass
class Bot:
    """A pipeline that runs, and who looks at it."""

    agent: Agent
    face: AvatarVideoService
    eye: Eye
    worker: PipelineWorker
    onlooker: Onlooker

    async def say(self, seconds: float) -> None:
        """As a text-to-speech does: pieces, faster than they are heard, then the end."""
        pcm = speech(seconds)
        for start in range(0, len(pcm), 4800):
            await self.agent.push_frame(TTSAudioRawFrame(pcm[start : start + 4800], RATE, 1))
        await self.agent.push_frame(TTSStoppedFrame())


@asynccontextmanager
async def bot(folder: Path) -> AsyncIterator[Bot]:
    onlooker, connection = Onlooker(), SmallWebRTCConnection(ice_servers=[])
    agent, eye = Agent(), Eye()
    params = TransportParams(
        audio_out_enabled=True,
        video_out_enabled=True,
        video_out_is_live=True,
        video_out_framerate=25,
        video_out_width=SIZE,
        video_out_height=SIZE,
    )
    transport = SmallWebRTCTransport(connection, params)
    face = AvatarVideoService(find=functools.partial(find_bars, folder))
    worker = PipelineWorker(Pipeline([transport.input(), agent, face, eye, transport.output()]))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await connection.initialize(await onlooker.offer(), "offer")
    answer: Any = connection.get_answer()
    await onlooker.take_answer(answer["sdp"])
    await connection.connect()
    try:
        await until(lambda: len(onlooker.face) > 10, 30)
        yield Bot(agent, face, eye, worker, onlooker)
    finally:
        await worker.cancel()
        await asyncio.wait([running], timeout=15)
        await onlooker.close()


async def test_a_bot_has_a_face_that_speaks_in_step_and_falls_silent(tmp_path: Path) -> None:
    async with bot(tmp_path) as running:
        onlooker = running.onlooker
        await asyncio.sleep(0.5)
        pushed = time.monotonic()
        await running.say(1.0)
        await until(lambda: onlooker.seen_open() and onlooker.heard())
        first = onlooker.seen_open()[0] - pushed
        await until(lambda: running.agent.count(BotStoppedSpeakingFrame) >= 1)
        assert running.agent.count(BotStartedSpeakingFrame) >= 1
        skew = onlooker.heard()[0] - onlooker.seen_open()[0]
        steps = np.diff(onlooker.seen_open(since=pushed))
        assert 15 <= len(onlooker.seen_open()) <= 40

        spoken = time.monotonic()
        await running.say(4.0)
        await until(lambda: len(onlooker.heard(since=spoken)) > 30)
        await running.agent.push_frame(InterruptionFrame())
        interrupted = time.monotonic()
        pictures = len(onlooker.face)
        await until(lambda: len(onlooker.face) > pictures + 40)
        silent = onlooker.heard()[-1] - interrupted
        rest = onlooker.seen_open()[-1] - interrupted
        assert not onlooker.heard(since=interrupted + 1.0)
        assert not onlooker.seen_open(since=interrupted + 1.0)
        assert all(running.eye.labelled)
    print(
        f"first speaking picture {first * 1000:.0f} ms, voice after lips {skew * 1000:.0f} ms, "
        f"steps {np.percentile(steps, 95) * 1000:.0f} ms (p95); "
        f"after an interruption: silent {silent * 1000:.0f} ms, at rest {rest * 1000:.0f} ms"
    )


async def test_a_bot_looks_aside_when_a_frame_asks_for_it(tmp_path: Path) -> None:
    async with bot(tmp_path) as running:
        rest = running.onlooker.face[-1][2]
        await running.agent.push_frame(GestureFrame(Gesture("look", seconds=1.0)))
        await until(lambda: running.onlooker.face[-1][2] > rest + ASIDE)
        await until(lambda: abs(running.onlooker.face[-1][2] - rest) < 2)
        await running.agent.push_frame(GestureFrame(Gesture("smile")))
        await until(lambda: running.agent.count(ErrorFrame) == 1)
        (refused,) = (one for one in running.agent.noted if isinstance(one, ErrorFrame))
        assert refused.error.startswith("bar does not show smile in its own video")


def test_a_face_without_a_label_needs_a_reason() -> None:
    with pytest.raises(AvatarError, match="say how and why in --label-reason"):
        AvatarVideoService(label=False)
    assert AvatarVideoService(label=False, label_reason="the page says so").size == (0, 0)


BAD_SPEECH = (
    (TTSAudioRawFrame(b"\0\0\0", RATE, 1), "3 bytes are no 16-bit sound"),
    (TTSAudioRawFrame(b"\0" * 6, RATE, 2), "6 bytes are no sound of whole samples"),
    (TTSAudioRawFrame(speech(0.1), 4000, 1), "a sample rate of 4000 Hz"),
    (TTSAudioRawFrame(speech(0.5), RATE, 1), "no speech came for 5 s in the middle of a segment"),
)


async def test_bad_speech_is_an_error_frame_and_the_face_goes_on(tmp_path: Path) -> None:
    async with bot(tmp_path) as running:
        for number, (frame, said) in enumerate(BAD_SPEECH, start=1):
            await running.agent.push_frame(frame)
            await until(lambda n=number: running.agent.count(ErrorFrame) == n)
            errors = [one for one in running.agent.noted if isinstance(one, ErrorFrame)]
            assert said in errors[-1].error
        begun = time.monotonic()
        await running.say(0.5)
        await until(lambda: running.onlooker.heard(since=begun))


async def test_ten_megabytes_of_speech_wait_their_turn_and_an_interruption_ends_them(
    tmp_path: Path,
) -> None:
    async with bot(tmp_path) as running:
        await running.say(200.0)
        await until(lambda: len(running.onlooker.heard()) > 50)
        assert running.face._queue
        assert 20 < running.face._queue.waiting < 60
        await running.agent.push_frame(InterruptionFrame())
        interrupted = time.monotonic()
        pictures = len(running.onlooker.face)
        await until(lambda: len(running.onlooker.face) > pictures + 40)
        assert not running.onlooker.heard(since=interrupted + 1.0)
        assert running.agent.count(ErrorFrame) == 0


async def test_the_last_sentence_is_heard_before_the_pipeline_ends(tmp_path: Path) -> None:
    async with bot(tmp_path) as running:
        await running.say(1.0)
        await running.worker.queue_frame(EndFrame())
        await until(lambda: len(running.onlooker.heard()) > 40)
