"""A conversation without any service: what a person said comes back, at its own pace."""

import numpy as np
from pipecat.frames.frames import (
    AggregatedTextFrame,
    Frame,
    InputAudioRawFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.utils.time import time_now_iso8601

from avatar.audio import SAMPLE_RATE
from avatar.media.samples import Samples

BEFORE_S = 0.3  # of sound that belong to a turn before it was noticed
AFTER_S = 0.1  # and after its last speech
LONGEST_S = 30.0  # of a turn that is said back: its end
FADE_S = 0.01
PIECE = SAMPLE_RATE // 10


class Echo(FrameProcessor):
    """Records a turn and says it when it is over."""

    def __init__(self) -> None:
        super().__init__()
        self._sound: Samples = np.zeros(0, np.int16)
        self._in_turn = False
        self._speech_end = 0  # samples of the turn up to its last speech; 0: it is not over

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case InputAudioRawFrame():
                self._record(np.frombuffer(frame.audio, "<i2"))
            case VADUserStoppedSpeakingFrame():
                silent = frame.stop_secs - AFTER_S
                self._speech_end = max(0, len(self._sound) - round(silent * SAMPLE_RATE))
            case VADUserStartedSpeakingFrame():
                self._speech_end = 0
            case UserStartedSpeakingFrame():
                self._in_turn = True
            case UserStoppedSpeakingFrame():
                await self._answer()
        await self.push_frame(frame, direction)

    def _record(self, sound: Samples) -> None:
        longest = LONGEST_S if self._in_turn else BEFORE_S
        self._sound = np.concatenate([self._sound, sound])
        excess = max(0, len(self._sound) - round(longest * SAMPLE_RATE))
        self._sound = self._sound[excess:]
        self._speech_end = max(0, self._speech_end - excess)

    async def _answer(self) -> None:
        turn = _faded(self._sound[: self._speech_end or len(self._sound)])
        self._in_turn, self._speech_end = False, 0
        self._sound = self._sound[:0]
        caption = f"({len(turn) / SAMPLE_RATE:.1f} s of speech)"
        await self.push_frame(TranscriptionFrame(caption, "", time_now_iso8601()))
        said = AggregatedTextFrame(caption, "turn")
        said.will_be_spoken = True
        await self.push_frame(said)
        await self.push_frame(TTSStartedFrame())
        for start in range(0, len(turn), PIECE):
            piece = turn[start : start + PIECE].tobytes()
            await self.push_frame(TTSAudioRawFrame(piece, SAMPLE_RATE, 1))
        await self.push_frame(TTSStoppedFrame())


def _faded(turn: Samples) -> Samples:
    """(n,) 16-bit: silent at both ends."""
    gain = np.ones(len(turn), np.float32)
    ramp = np.linspace(0, 1, min(round(FADE_S * SAMPLE_RATE), len(turn) // 2), dtype=np.float32)
    if len(ramp):
        gain[: len(ramp)], gain[-len(ramp) :] = ramp, ramp[::-1]
    faded: Samples = (turn * gain).astype("<i2")
    return faded
