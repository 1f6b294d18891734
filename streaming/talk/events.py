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
    MetricsFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.frame_processor import FrameDirection

from streaming.core import metrics
from streaming.talk.transport import CallOutput
from streaming.talk.words import name_of, words_for
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
WORDLESS_STAGES = (STAGES[0], *STAGES[-2:])  # words do not come before the sound


class TalkEvents(BaseObserver):
    """Looks at every frame; keeps the state of the conversation and both captions."""

    def __init__(self, notify: Notify, words_first: bool) -> None:
        """`words_first`: a turn is answered by its words, and without any it is not."""
        super().__init__()
        self.state: TalkStateName = "listening"
        self.turns = 0
        self.characters = 0
        self.tokens = 0
        self.since = time.monotonic()  # of the state
        self.notify = notify
        self._words_first = words_first
        self._in_turn = False
        self._speaking = False  # it is heard, whatever the state is: a person may begin over it
        self._heard, self._said = "", ""
        self._answers = 0
        self._interrupted = False
        self._last_sound: float | None = None  # of the person, until the answer is seen
        self._passed: set[str] = set()
        self._troubled: set[str] = set()  # parts whose trouble was told since somebody spoke

    def typed(self, text: str) -> None:
        """The person wrote instead of speaking."""
        self.turns += 1
        self._troubled.clear()
        self.notify(TalkHeard(id=self.turns, text=text, final=True))
        self._go("thinking")

    def fail(self, words: str) -> None:
        """Trouble, in words; whatever was thought of is given up."""
        self.notify(TalkError(message=words))
        self._give_up()

    def rest(self) -> None:
        """Nobody holds the conversation; what was left of a turn or an answer is over."""
        self.break_off()
        self._end_answer()
        self.state, self._in_turn, self._heard, self._last_sound = "listening", False, "", None

    async def on_push_frame(self, data: FramePushed) -> None:
        frame = data.frame
        released = isinstance(data.source, CallOutput)
        if released and data.direction is FrameDirection.DOWNSTREAM:
            self._see_released(frame)
        if not data.first_push or (frame.broadcast_sibling_id and not _down(data)):
            return
        self._note_stage(frame)
        match frame:
            case VADUserStartedSpeakingFrame():
                self._troubled.clear()
            case UserStartedSpeakingFrame():
                self._begin_turn()
            case UserStoppedSpeakingFrame():
                self._end_turn()
            case TranscriptionFrame() if self._words_first:
                self._heard = f"{self._heard} {frame.text}".strip()
                self._hear(self._heard)
            case InterimTranscriptionFrame() if self._words_first:
                self._hear(f"{self._heard} {frame.text}".strip())
            case InterimTranscriptionFrame():
                self._heard += frame.text
                self._hear_late(self._heard, final=False)
            case TranscriptionFrame():
                self._hear_late(frame.text.strip(), final=True)
            case InterruptionFrame():
                self.break_off()
            case BotStartedSpeakingFrame():
                self._begin_answer()
            case BotStoppedSpeakingFrame():
                self._end_answer()
            case FunctionCallInProgressFrame():
                self._go("thinking")
            case MetricsFrame():
                self._count_tokens(frame)
            case ErrorFrame():
                self._tell_trouble(frame)

    def _note_stage(self, frame: Frame) -> None:
        """How long after the person's last sound each stage of the answer is passed."""
        now = time.monotonic()
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            self._last_sound, self._passed = now - frame.stop_secs, set()
        stages = STAGES if self._words_first else WORDLESS_STAGES
        stage = next((name for kind, name in stages if isinstance(frame, kind)), None)
        if stage and self._last_sound is not None and stage not in self._passed:
            self._passed.add(stage)
            metrics.TALK_STAGE.labels(stage).observe(now - self._last_sound)
        if isinstance(frame, BotStartedSpeakingFrame | VADUserStartedSpeakingFrame):
            self._last_sound = None

    def _see_released(self, frame: Frame) -> None:
        """What goes on once the speech before it was heard."""
        match frame:
            case TTSTextFrame() if frame.includes_inter_frame_spaces and not self._words_first:
                self._say(self._said + frame.text)
            case TTSTextFrame():
                pass
            case AggregatedTextFrame(will_be_spoken=True):
                self._say(f"{self._said} {frame.text}".strip())
            case LLMFullResponseEndFrame() if self.state == "thinking" and not self._said:
                self._go("listening")

    def _say(self, text: str) -> None:
        """`text`: all of the answer so far."""
        self.characters += len(text) - len(self._said)
        self._said = text
        if self._speaking:
            self._caption(final=False)

    def _count_tokens(self, frame: MetricsFrame) -> None:
        """What the model says that it has taken; one that says nothing is not limited by it."""
        used = [data.value for data in frame.data if isinstance(data, LLMUsageMetricsData)]
        self.tokens += sum(usage.total_tokens for usage in used)

    def _tell_trouble(self, error: ErrorFrame) -> None:
        """Once for each part: until somebody speaks again, the rest follows from that."""
        part = name_of(error.processor)
        if part not in self._troubled:
            self._troubled.add(part)
            self.notify(TalkError(message=words_for(error)))
        self._give_up()

    def _give_up(self) -> None:
        if self.state == "thinking":
            self._go("listening")

    def _begin_turn(self) -> None:
        self.turns += 1
        self._in_turn = True
        self._go("heard-speech")

    def _hear(self, text: str) -> None:
        """Words may come before the turn that they begin, if nobody noticed the voice."""
        turn = self.turns if self._in_turn else self.turns + 1
        self.notify(TalkHeard(id=turn, text=text, final=False))

    def _hear_late(self, text: str, final: bool) -> None:
        """Words of a turn that is over."""
        if text:
            self.notify(TalkHeard(id=self.turns, text=text, final=final))
        if final:
            self._heard = ""

    def _end_turn(self) -> None:
        self._in_turn = False
        if self._words_first and self._heard:
            self.notify(TalkHeard(id=self.turns, text=self._heard, final=True))
        unanswered = not self._heard if self._words_first else bool(self._troubled)
        self._heard = ""
        self._go("listening" if unanswered else "thinking")

    def break_off(self) -> None:
        """What was not heard yet is forgotten."""
        self._interrupted = self._speaking
        if not self._speaking:
            self._said = ""

    def _begin_answer(self) -> None:
        self._go("speaking")
        self._speaking, self._interrupted = True, False
        if self._said:
            self._caption(final=False)

    def _end_answer(self) -> None:
        if self._said:
            self._caption(final=True)
            self._answers += 1
        self._said, self._speaking, self._interrupted = "", False, False
        if self.state == "speaking":
            self._go("heard-speech" if self._in_turn else "listening")

    def _caption(self, final: bool) -> None:
        cut = final and self._interrupted
        self.notify(
            TalkSaid(id=self._answers, text=self._said.strip(), final=final, interrupted=cut)
        )

    def _go(self, state: TalkStateName) -> None:
        self.since = time.monotonic()
        if state != self.state:
            self.state = state
            self.notify(TalkState(state=state))


def _down(data: FramePushed) -> bool:
    return data.direction is FrameDirection.DOWNSTREAM
