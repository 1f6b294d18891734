"""What happens in a pipeline, as the page is told it."""

import time
from collections.abc import Callable

from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    ErrorFrame,
    Frame,
    FunctionCallInProgressFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.frame_processor import FrameDirection

from streaming.core import metrics
from streaming.talk.transport import CallOutput
from streaming.talk.words import words_for
from streaming.webrtc.messages import (
    Message,
    TalkError,
    TalkHeard,
    TalkSaid,
    TalkState,
    TalkStateName,
)

Notify = Callable[[Message], None]
STAGES: tuple[tuple[type[Frame], str], ...] = (
    (UserStoppedSpeakingFrame, "end of turn"),
    (TranscriptionFrame, "recognition"),
    (LLMTextFrame, "first token"),
    (TTSAudioRawFrame, "first sound"),
    (BotStartedSpeakingFrame, "first picture"),
)


class TalkEvents(BaseObserver):
    """Looks at every frame; keeps the state of the conversation and both captions."""

    def __init__(self, notify: Notify, needs_words: bool) -> None:
        """`needs_words`: a turn without any is not answered."""
        super().__init__()
        self.state: TalkStateName = "listening"
        self.turns = 0
        self.characters = 0
        self.since = time.monotonic()  # of the state
        self._notify = notify
        self._needs_words = needs_words
        self._in_turn = False
        self._heard, self._said = "", ""
        self._answers = 0
        self._interrupted = False
        self._last_sound: float | None = None  # of the person, until the answer is seen
        self._passed: set[str] = set()

    def typed(self, text: str) -> None:
        """The person wrote instead of speaking."""
        self.turns += 1
        self._notify(TalkHeard(id=self.turns, text=text, final=True))
        self._go("thinking")

    def fail(self, words: str) -> None:
        """Trouble, in words; whatever was thought of is given up."""
        self._notify(TalkError(message=words))
        if self.state == "thinking":
            self._go("listening")

    async def on_push_frame(self, data: FramePushed) -> None:
        frame = data.frame
        released = isinstance(data.source, CallOutput)
        if released and data.direction is FrameDirection.DOWNSTREAM:
            self._see_released(frame)
        if not data.first_push or (frame.broadcast_sibling_id and not _down(data)):
            return
        self._note_stage(frame)
        match frame:
            case UserStartedSpeakingFrame():
                self._begin_turn()
            case UserStoppedSpeakingFrame():
                self._end_turn()
            case TranscriptionFrame():
                self._heard = f"{self._heard} {frame.text}".strip()
                self._hear(self._heard)
            case InterimTranscriptionFrame():
                self._hear(f"{self._heard} {frame.text}".strip())
            case InterruptionFrame():
                self.break_off()
            case BotStartedSpeakingFrame():
                self._begin_answer()
            case BotStoppedSpeakingFrame():
                self._end_answer()
            case FunctionCallInProgressFrame():
                self._go("thinking")
            case ErrorFrame():
                self.fail(words_for(frame))

    def _note_stage(self, frame: Frame) -> None:
        """How long after the person's last sound each stage of the answer is passed."""
        now = time.monotonic()
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            self._last_sound, self._passed = now - frame.stop_secs, set()
        stage = next((name for kind, name in STAGES if isinstance(frame, kind)), None)
        if stage and self._last_sound is not None and stage not in self._passed:
            self._passed.add(stage)
            metrics.TALK_STAGE.labels(stage).observe(now - self._last_sound)
        if isinstance(frame, BotStartedSpeakingFrame | VADUserStartedSpeakingFrame):
            self._last_sound = None

    def _see_released(self, frame: Frame) -> None:
        """What goes on once the speech before it was heard."""
        match frame:
            case TTSTextFrame():
                pass
            case AggregatedTextFrame(will_be_spoken=True):
                self._said = f"{self._said} {frame.text}".strip()
                self.characters += len(frame.text)
                if self.state == "speaking":
                    self._caption(final=False)
            case LLMFullResponseEndFrame() if self.state == "thinking" and not self._said:
                self._go("listening")

    def _begin_turn(self) -> None:
        self.turns += 1
        self._in_turn = True
        self._go("heard-speech")

    def _hear(self, text: str) -> None:
        """Words may come before the turn that they begin, if nobody noticed the voice."""
        turn = self.turns if self._in_turn else self.turns + 1
        self._notify(TalkHeard(id=turn, text=text, final=False))

    def _end_turn(self) -> None:
        self._in_turn = False
        if self._heard:
            self._notify(TalkHeard(id=self.turns, text=self._heard, final=True))
        unanswered = self._needs_words and not self._heard
        self._heard = ""
        self._go("listening" if unanswered else "thinking")

    def break_off(self) -> None:
        """What was not heard yet is forgotten."""
        self._interrupted = self.state == "speaking"
        if not self._interrupted:
            self._said = ""

    def _begin_answer(self) -> None:
        self._go("speaking")
        self._interrupted = False
        if self._said:
            self._caption(final=False)

    def _end_answer(self) -> None:
        if self._said:
            self._caption(final=True)
            self._answers += 1
        self._said, self._interrupted = "", False
        if self.state == "speaking":
            self._go("heard-speech" if self._in_turn else "listening")

    def _caption(self, final: bool) -> None:
        cut = final and self._interrupted
        self._notify(TalkSaid(id=self._answers, text=self._said, final=final, interrupted=cut))

    def _go(self, state: TalkStateName) -> None:
        self.since = time.monotonic()
        if state != self.state:
            self.state = state
            self._notify(TalkState(state=state))


def _down(data: FramePushed) -> bool:
    return data.direction is FrameDirection.DOWNSTREAM
