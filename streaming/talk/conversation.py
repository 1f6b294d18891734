"""One conversation of one call, from its first word to its last."""

import asyncio
import time
from typing import Any

from pipecat.frames.frames import InterruptionFrame, LLMMessagesAppendFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.workers.runner import WorkerRunner

from avatar.errors import AvatarError
from streaming.media.call import Call
from streaming.media.speech_queue import SpeechEvent
from streaming.talk.events import Notify, TalkEvents
from streaming.talk.own_voice import OwnVoice
from streaming.talk.pipeline import make_pipeline, new_context
from streaming.talk.plan import TalkPlan
from streaming.talk.transcript import Transcript
from streaming.talk.transport import CallInput, CallOutput, CallTransport
from streaming.talk.turns import load_turns
from streaming.talk.typed import TypedFrame
from streaming.webrtc.messages import Message, TalkHeard, TalkReady, TalkSaid

VOICE_OUT_RATE = 24_000  # Hz, of OpenAI's protocol
START_TIMEOUT_S = 20.0
END_TIMEOUT_S = 5.0
POLL_INTERVAL_S = 0.25
SAY = "Say exactly these words and nothing else: {text}"  # to a model that speaks itself


class Conversation:
    """pipecat holds it; this starts it, ends it, and hands on what is typed.

    It may be held again: memory, captions and limits go on where they were.
    """

    def __init__(self, plan: TalkPlan, call: Call) -> None:
        """Raises AvatarError if a key of a tool is missing."""
        self.ready = asyncio.Event()
        self._plan, self._call = plan, call
        self._tell: Notify = _tell_nobody
        self._context = new_context(plan)
        self._begun: float | None = None
        self._transcript: Transcript | None = None
        self._events = TalkEvents(self._notify, words_first=plan.words_first)
        self._worker: PipelineWorker | None = None
        self._output: CallOutput | None = None

    async def run(self, notify: Notify) -> None:
        """Hold it until cancelled, or until one of its limits is reached.

        Raises AvatarError if somebody else speaks in this call, if a service cannot be had, or if
        transcripts cannot be kept.
        """
        self._tell = notify
        turns = await load_turns(self._plan.patience)
        stream = self._call.avatar_stream
        if self._plan.agent and self._plan.agent.transcripts:
            self._transcript = Transcript(self._plan.agent.transcripts, self._call.id)
        async with stream.pushed_speech(self._report) as queue:
            own_voice = OwnVoice(queue.said, stream.clock.delay)
            microphone, self._output = CallInput(own_voice), CallOutput(queue)
            transport = CallTransport(microphone, self._output)
            pipeline = make_pipeline(
                self._plan, transport, turns, self._context, stream.gesture, stream.can_do
            )
            self._worker = _worker(pipeline, self._events)
            runner = WorkerRunner(handle_sigint=False, check_dangling_tasks=False)
            await runner.add_workers(self._worker)
            running = asyncio.create_task(runner.run())
            turns.activity.changed = self._output.heed
            stream.sound.listener = microphone.hear
            try:
                await self._begin()
                await self._watch(running)
            finally:
                self.ready.clear()
                stream.sound.listener = None
                await runner.cancel()
                await asyncio.wait([running], timeout=END_TIMEOUT_S)
                self._worker = None
                self._events.rest()
                if self._transcript:
                    await self._transcript.close()

    async def type(self, text: str) -> None:
        """The person wrote `text`: it is answered, or read aloud. Raises AvatarError."""
        if not self._plan.can_type:
            raise AvatarError("this conversation only listens; say it aloud")
        await self.interrupt()
        self._events.typed(text)
        if self._plan.kind == "reader":
            await self.speak(text)
        elif self._worker and self._plan.words_first:
            typed: Any = {"role": "user", "content": text}
            await self._worker.queue_frame(LLMMessagesAppendFrame([typed], run_llm=True))
        elif self._worker:
            await self._worker.queue_frame(TypedFrame(text))

    async def speak(self, text: str) -> None:
        """Say `text` as it is. Raises AvatarError if there is no voice for it."""
        if self._plan.kind == "echo":
            raise AvatarError("an echo has no voice of its own; start with --talk reader")
        if not self._worker:
            return
        if self._plan.kind == "agent" and not self._plan.words_first:
            await self._worker.queue_frame(TypedFrame(SAY.format(text=text)))
        else:
            await self._worker.queue_frame(TTSSpeakFrame(text))

    async def interrupt(self) -> None:
        """Be silent, and forget what was about to be said."""
        if self._worker and self._output:
            self._events.break_off()
            self._output.silence()
            await self._worker.queue_frame(InterruptionFrame())

    async def _begin(self) -> None:
        assert self._worker
        started = asyncio.Event()
        self._worker.add_event_handler("on_pipeline_started", lambda *_: started.set())
        async with asyncio.timeout(START_TIMEOUT_S):
            await started.wait()
        self.ready.set()
        agent = self._plan.agent
        greeting = agent.greeting if agent else ""
        self._notify(
            TalkReady(
                services=self._plan.services,
                languages=agent.languages if agent else [],
                greeting=greeting or None,
                can_type=self._plan.can_type,
                stored=self._plan.offer.stored,
            )
        )
        if greeting and self._begun is None:
            await self.speak(greeting)
        self._begun = self._begun or time.monotonic()

    async def _watch(self, running: "asyncio.Task[None]") -> None:
        """Return when a limit is reached; an answer that does not come is given up."""
        limits, events, begun = self._plan.limits, self._events, self._begun or 0.0
        while not running.done():
            await asyncio.sleep(POLL_INTERVAL_S)
            if events.state == "thinking" and time.monotonic() - events.since > limits.answer:
                await self.interrupt()
                events.fail(f"No answer came within {limits.answer:g} s. The call goes on.")
            for taken, limit, unit in (
                (time.monotonic() - begun, limits.seconds, "second"),
                (events.turns, limits.turns, "turn"),
                (events.characters, limits.characters, "character"),
                (events.tokens, limits.tokens, "token"),
            ):
                if taken > limit:
                    share = f"{limit:,.10g} {unit}{'' if limit == 1 else 's'}"
                    events.fail(f"This conversation has had its {share}; begin another call.")
                    return

    def _report(self, event: SpeechEvent) -> None:
        if self._output:
            self._output.report(event)

    def _notify(self, message: Message) -> None:
        self._tell(message)
        if not self._transcript:
            return
        match message:
            case TalkHeard(final=True):
                self._transcript.add("person", message.text)
            case TalkSaid(final=True):
                self._transcript.add("digital human", message.text)


def _tell_nobody(_: Message) -> None:
    """Before it is held."""


def _worker(pipeline: Pipeline, events: TalkEvents) -> PipelineWorker:
    """Runs until it is told to end: neither idling nor a service that fails ends it."""
    return PipelineWorker(
        pipeline,
        params=PipelineParams(audio_out_sample_rate=VOICE_OUT_RATE, enable_usage_metrics=True),
        observers=[events],
        enable_rtvi=False,
        enable_turn_tracking=False,
        idle_timeout_secs=None,
        check_dangling_tasks=False,
    )
