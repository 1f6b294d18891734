"""When a person begins and has finished: Silero's voice activity and smart-turn, from pipecat."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pipecat.audio.turn.smart_turn.base_smart_turn import SmartTurnParams
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams, VADState
from pipecat.turns.user_stop import TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from avatar.audio import SAMPLE_RATE

BEGINS_S = 0.1  # of speech until a person is taken to speak, and the own voice stops
WORDS_S = 10.0  # that recognition may take; then the turn is over without any
ENDS_S = 0.2  # of silence until smart-turn is asked whether that was all
# A level as a condition would want 0.4 s of sound before it says anything.
ACTIVITY = VADParams(start_secs=BEGINS_S, stop_secs=ENDS_S, min_volume=0.0)


class VoiceActivity(SileroVADAnalyzer):
    """Tells at the first sound of a voice that it may be one: `changed`."""

    def __init__(self) -> None:
        super().__init__(params=ACTIVITY)
        self.changed: Callable[[VADState], None] = lambda _: None
        self._state = VADState.QUIET

    async def analyze_audio(self, buffer: bytes) -> VADState:
        state = await super().analyze_audio(buffer)
        if state is not self._state:
            self._state = state
            self.changed(state)
        return state


@dataclass
class Turns:
    """The models of one conversation; they run in threads of their own, off the event loop."""

    activity: VoiceActivity
    end: LocalSmartTurnAnalyzerV3

    def strategies(self, wait_for_transcript: bool) -> UserTurnStrategies:
        """A turn begins with the voice, or with words that nobody noticed.

        It ends when smart-turn says so, or after its patience.
        """
        end = TurnAnalyzerUserTurnStopStrategy(
            turn_analyzer=self.end, wait_for_transcript=wait_for_transcript
        )
        return UserTurnStrategies(stop=[end])


async def load_turns(patience: float) -> Turns:
    """The models, used once; `patience`: seconds of silence that end any turn."""
    turns = await asyncio.to_thread(_load, patience)
    silence = bytes(2 * SAMPLE_RATE)
    await turns.activity.analyze_audio(silence)
    turns.end.append_audio(silence, is_speech=True)
    await turns.end.analyze_end_of_turn()
    turns.end.clear()
    return turns


def _load(patience: float) -> Turns:
    turns = Turns(
        VoiceActivity(),
        LocalSmartTurnAnalyzerV3(params=SmartTurnParams(stop_secs=patience)),
    )
    for model in (turns.activity, turns.end):
        model.set_sample_rate(SAMPLE_RATE)
    return turns
