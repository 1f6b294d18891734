"""A call as a pipecat transport: the caller's microphone in, pushed speech out."""

import asyncio
from collections import deque
from dataclasses import dataclass

import numpy as np
from pipecat.audio.vad.vad_analyzer import VADState
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportReadyFrame,
    StartFrame,
    SystemFrame,
    TTSStoppedFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams

from avatar.audio import SAMPLE_RATE, Resampler
from avatar.media.samples import Samples
from streaming.media.clock import VOICE_RATE
from streaming.media.speech_queue import (
    SpeechEvent,
    SpeechQueue,
    SpeechRefusedError,
    SpeechStarted,
)
from streaming.talk.own_voice import OwnVoice

CHUNK = 512  # samples of 16 kHz: what Silero looks at in one go
MOST_HEARD = 100  # chunks that may wait for the pipeline: 3.2 s
PAUSE_S = 3 * CHUNK / SAMPLE_RATE  # without sound, after which there is silence
LONGEST_PAUSE = 100  # of them, 9.6 s: whatever was a turn is over by then
SILENCE = bytes(2 * CHUNK)
QUIET = 130  # mean level of 16-bit sound below which a voice has not begun
STEP_S = 0.01  # in which it is looked for
LEAD = 3  # steps before it that belong to it
POLL_INTERVAL_S = 0.01  # between looks how far the voice has come


class CallInput(BaseInputTransport):
    """The microphone, 16 kHz mono, in pieces of 32 ms; silence where it hears the own voice.

    Silence, too, where nothing comes: a browser that has nothing to say may send nothing, and the
    end of a turn is heard by the silence after it.
    """

    def __init__(self, own_voice: OwnVoice) -> None:
        super().__init__(TransportParams(audio_in_enabled=True, audio_in_sample_rate=SAMPLE_RATE))
        self._own_voice = own_voice
        self._resampler = Resampler(VOICE_RATE)
        self._rest: Samples = np.zeros(0, np.float32)
        self._heard: asyncio.Queue[InputAudioRawFrame] = asyncio.Queue(MOST_HEARD)

    def hear(self, position: int, samples: Samples) -> None:
        """`samples` (n,) of 48 kHz from the caller, captured at `position`."""
        sound = np.concatenate([self._rest, self._resampler.push(samples)])
        end = position + len(samples)
        while len(sound) >= CHUNK:
            chunk, sound = sound[:CHUNK], sound[CHUNK:]
            at = end - (len(sound) + CHUNK) * VOICE_RATE // SAMPLE_RATE
            for clean in self._own_voice.filter(at, chunk):
                pcm = np.clip(clean * 32768, -32768, 32767).astype("<i2").tobytes()
                if not self._heard.full():
                    self._heard.put_nowait(InputAudioRawFrame(pcm, SAMPLE_RATE, 1))
        self._rest = sound

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._feeding = self.create_task(self._feed())

    async def stop(self, frame: EndFrame) -> None:
        await self.cancel_task(self._feeding)
        await super().stop(frame)

    async def cancel(self, frame: CancelFrame) -> None:
        await self.cancel_task(self._feeding)
        await super().cancel(frame)

    async def _feed(self) -> None:
        pauses = 0
        while True:
            try:
                async with asyncio.timeout(PAUSE_S if pauses < LONGEST_PAUSE else None):
                    sound = [await self._heard.get()]
                pauses = 0
            except TimeoutError:
                sound = [InputAudioRawFrame(SILENCE, SAMPLE_RATE, 1) for _ in range(3)]
                pauses += 1
            for frame in sound:
                await self.push_audio_frame(frame)


@dataclass
class _Held:
    """A frame that waits until the speech pushed before it has been heard."""

    frame: Frame
    segment: int
    position: float
    "Seconds of the segment."


class CallOutput(FrameProcessor):
    """Speech is pushed at once; what follows it goes on when the speech before it was heard.

    Silence before the first sound of an answer is left out: people would wait for it.
    """

    def __init__(self, queue: SpeechQueue) -> None:
        super().__init__()
        self._queue = queue
        self._held: deque[_Held] = deque()
        self._events: asyncio.Queue[SpeechEvent] = asyncio.Queue()
        self._segment, self._pushed = queue.next_segment, 0.0
        self._speaking = False

    def report(self, event: SpeechEvent) -> None:
        """What the speech queue tells of the voice that leaves."""
        self._events.put_nowait(event)

    def heed(self, activity: VADState) -> None:
        """Who may have begun to speak is let speak: it waits until that is sure, or nothing was."""
        if activity is VADState.STARTING:
            self._queue.pause()
        elif activity is VADState.QUIET:
            self._queue.resume()

    def silence(self) -> None:
        """Nothing that was pushed and not heard is heard any more."""
        self._queue.clear()
        self._held = deque(held for held in self._held if not held.frame.interruptible)
        self._segment, self._pushed = self._queue.next_segment, 0.0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case StartFrame():
                await self.push_frame(frame, direction)
                self._tasks = [self.create_task(self._tell()), self.create_task(self._release())]
                await self.push_frame(OutputTransportReadyFrame(), FrameDirection.UPSTREAM)
            case CancelFrame() | EndFrame():
                for task in self._tasks:
                    await self.cancel_task(task)
                await self.push_frame(frame, direction)
            case InterruptionFrame():
                self.silence()
                await self.push_frame(frame, direction)
            case OutputAudioRawFrame():
                await self._push(frame)
            case TTSStoppedFrame() if direction is FrameDirection.DOWNSTREAM:
                self._end_segment(frame)
            case _ if direction is FrameDirection.UPSTREAM or isinstance(frame, SystemFrame):
                await self.push_frame(frame, direction)
            case _:
                self._hold(frame)

    async def _push(self, frame: OutputAudioRawFrame) -> None:
        pcm = bytes(frame.audio)
        if not self._queue.speaking:
            pcm = from_first_sound(pcm, frame.sample_rate)
        try:
            await self._queue.push_in_time(pcm, frame.sample_rate)
        except SpeechRefusedError as error:
            await self.push_error(str(error), exception=error)
            return
        self._pushed += len(pcm) / 2 / frame.sample_rate

    def _end_segment(self, frame: TTSStoppedFrame) -> None:
        self._queue.end_segment()
        self._hold(frame)
        self._segment, self._pushed = self._queue.next_segment, 0.0

    def _hold(self, frame: Frame) -> None:
        self._held.append(_Held(frame, self._segment, self._pushed))

    async def _release(self) -> None:
        while True:
            while self._held and self._was_heard(self._held[0]):
                await self.push_frame(self._held.popleft().frame)
            await asyncio.sleep(POLL_INTERVAL_S)

    def _was_heard(self, held: _Held) -> bool:
        segment, position = self._queue.progress
        return segment > held.segment or (segment == held.segment and position >= held.position)

    async def _tell(self) -> None:
        """Say when the voice begins and ends, as it is heard."""
        while True:
            event = await self._events.get()
            speaking = isinstance(event, SpeechStarted)
            if speaking != self._speaking:
                self._speaking = speaking
                kind = BotStartedSpeakingFrame if speaking else BotStoppedSpeakingFrame
                await self.broadcast_frame(kind)


def from_first_sound(pcm: bytes, rate: int) -> bytes:
    """16-bit mono without the silence at its begin; nothing if it is silent."""
    step = round(rate * STEP_S)
    level = np.abs(np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float32))
    steps = np.add.reduceat(level, np.arange(0, len(level), step)) / step if len(level) else level
    loud = np.flatnonzero(steps > QUIET)
    return pcm[2 * step * max(0, int(loud[0]) - LEAD) :] if len(loud) else b""


class CallTransport(BaseTransport):
    """Input and output of one call."""

    def __init__(self, call_input: CallInput, call_output: CallOutput) -> None:
        super().__init__()
        self._input, self._output = call_input, call_output

    def input(self) -> CallInput:
        return self._input

    def output(self) -> CallOutput:
        return self._output
