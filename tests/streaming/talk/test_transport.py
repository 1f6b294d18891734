"""A call's microphone as pipecat is given it."""

import asyncio

import numpy as np
import pytest

pytest.importorskip("pipecat", reason="pipecat-ai is not installed", exc_type=ImportError)

from pipecat.frames.frames import Frame, InputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from avatar.audio import SAMPLE_RATE
from streaming.media.clock import VOICE_RATE
from streaming.talk.own_voice import OwnVoice
from streaming.talk.transport import CallInput, from_first_sound
from tests.streaming.support.polling import until


class Listener(FrameProcessor):
    """Keeps the sound that comes by: (n,) of 16 kHz."""

    def __init__(self) -> None:
        super().__init__()
        self.sound = np.zeros(0, np.int16)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            self.sound = np.concatenate([self.sound, np.frombuffer(frame.audio, "<i2")])
        await self.push_frame(frame, direction)


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000])
def test_an_answer_begins_with_its_first_sound(rate: int) -> None:
    sound = np.concatenate([np.zeros(rate // 2), np.full(rate // 10, 3000)]).astype("<i2")
    left = np.frombuffer(from_first_sound(sound.tobytes(), rate), "<i2")
    assert (left == 3000).sum() == rate // 10, "none of it is lost"
    assert 0.02 * rate < len(left) - rate // 10 <= 0.04 * rate
    assert from_first_sound(bytes(rate), rate) == b""
    assert from_first_sound(b"", rate) == b""
    assert from_first_sound(bytes(3), rate) == b""


async def test_where_a_microphone_sends_nothing_there_is_silence() -> None:
    said = OwnVoice(lambda _, count: np.zeros(count, np.float32), delay=0.2)
    microphone, listener = CallInput(said), Listener()
    worker = PipelineWorker(Pipeline([microphone, listener]), enable_rtvi=False)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    microphone.hear(0, np.full(VOICE_RATE, 0.5, np.float32))
    await until(lambda: len(listener.sound) > 1.5 * SAMPLE_RATE)
    await runner.cancel()
    await running
    loud = np.flatnonzero(np.abs(listener.sound) > 8000)
    assert len(loud) == pytest.approx(SAMPLE_RATE, rel=0.05)
    assert not listener.sound[loud[-1] + SAMPLE_RATE // 50 :].any()
