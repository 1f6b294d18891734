"""A model that hears and speaks, by OpenAI's realtime protocol."""

from typing import Any

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InterruptionFrame,
    UserStartedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.realtime.events import (
    AudioConfiguration,
    AudioInput,
    AudioOutput,
    InputAudioTranscription,
    SessionProperties,
)
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from streaming.talk.typed import TypedFrame

BEFORE_S = 0.5  # of sound before a voice is noticed that the model hears, too


class SpokenModel(OpenAIRealtimeLLMService):
    """Is told when a turn is over; a connection that has ended is made anew with the next turn."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._lost = False
        self._response = ""  # the id of the latest one
        self._broken_off = ""  # of which nothing more is heard

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if self._lost and isinstance(frame, UserStartedSpeakingFrame | TypedFrame):
            await self._connect_again()
        if isinstance(frame, TypedFrame):
            # Else an answer that is owed behind one that still ends would be forgotten.
            self._results_awaiting_response = True
        if isinstance(frame, InterruptionFrame):
            self._broken_off = self._response
        await super().process_frame(frame, direction)

    async def push_error_frame(
        self, error: ErrorFrame, force_treat_as_permanent: bool = False
    ) -> None:
        """Said once: without a connection every piece of sound would fail again."""
        if self._lost:
            return
        self._lost = True
        self.set_audio_input_paused(True)
        await super().push_error_frame(error, force_treat_as_permanent)

    async def _handle_evt_response_created(self, evt: Any) -> None:
        self._response = evt.response.id
        await super()._handle_evt_response_created(evt)

    async def _handle_evt_audio_delta(self, evt: Any) -> None:
        """What was on its way when the person interrupted would be heard over them."""
        if evt.response_id != self._broken_off:
            await super()._handle_evt_audio_delta(evt)

    async def _handle_evt_audio_transcript_delta(self, evt: Any) -> None:
        if evt.response_id != self._broken_off:
            await super()._handle_evt_audio_transcript_delta(evt)

    async def _connect_again(self) -> None:
        # reset_conversation() wants a context, which no turn that is spoken brings along.
        await self._disconnect()
        self._lost, self._llm_needs_conversation_setup = False, True
        self.set_audio_input_paused(False)
        await self._connect()


def make_spoken_model(
    key: str,
    base_url: str,
    settings: dict[str, Any],
    voice: str | None,
    transcription: dict[str, Any],
    tools: Any,
) -> FrameProcessor:
    """Turns are this side's, so that one end of turn and one check of the own voice hold for all.

    `settings`: `model` and `system_instruction`; `transcription`: of what is heard, for captions.
    """
    audio = AudioConfiguration(
        input=AudioInput(
            transcription=InputAudioTranscription(**transcription), turn_detection=False
        ),
        output=AudioOutput(voice=voice) if voice else None,
    )
    properties = SessionProperties(audio=audio, tools=tools)
    asked = OpenAIRealtimeLLMService.Settings(**settings, session_properties=properties)
    return SpokenModel(
        api_key=key, base_url=base_url, settings=asked, user_audio_preroll_secs=BEFORE_S
    )
