"""pipecat's pipeline for each kind of conversation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.turns.user_turn_processor import UserTurnProcessor
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from avatar.gestures import Gesture
from streaming.talk.agent_file import AgentFile
from streaming.talk.echo import Echo
from streaming.talk.gesture_tags import GestureMaker, GestureTags
from streaming.talk.plan import TalkPlan
from streaming.talk.reader import EspeakReader
from streaming.talk.services import make_service
from streaming.talk.tools import tools_schema
from streaming.talk.transport import CallTransport
from streaming.talk.turns import WORDS_S, Turns
from streaming.talk.typed import TypedInput


@dataclass(frozen=True)
class Between:
    """What stands between a call's microphone and its voice, and after it."""

    before: list[FrameProcessor]
    after: list[FrameProcessor]


def make_pipeline(
    plan: TalkPlan,
    transport: CallTransport,
    turns: Turns,
    context: LLMContext,
    gesture: Callable[[Gesture], None],
    can_do: Sequence[str],
) -> Pipeline:
    """All of one conversation. Raises AvatarError if a service cannot be had.

    `gesture`: has the face make one, of those that it `can_do`.
    """
    between = _between(plan, turns, context, can_do)
    voice = [transport.output(), GestureMaker(gesture)]
    return Pipeline([transport.input(), *between.before, *voice, *between.after])


def new_context(plan: TalkPlan) -> LLMContext:
    """An empty memory that knows its tools. Raises AvatarError if a key is missing."""
    if plan.agent and plan.agent.tools:
        return LLMContext(tools=tools_schema(plan.agent.tools))
    return LLMContext()


def _between(plan: TalkPlan, turns: Turns, context: LLMContext, can_do: Sequence[str]) -> Between:
    if plan.kind == "echo":
        return Between([*_listening(turns), Echo()], [])
    if plan.kind == "reader":
        return Between([*_listening(turns), GestureTags(), EspeakReader()], [])
    assert plan.agent
    return _agent(plan.agent, turns, context, can_do)


def _listening(turns: Turns) -> list[FrameProcessor]:
    strategies = turns.strategies(wait_for_transcript=False)
    return [
        VADProcessor(vad_analyzer=turns.activity),
        UserTurnProcessor(user_turn_strategies=strategies),
    ]


def _agent(agent: AgentFile, turns: Turns, context: LLMContext, can_do: Sequence[str]) -> Between:
    services = {role: make_service(role, part, agent, can_do) for role, part in agent.parts()}
    if whole := services.get("speech-to-speech"):
        assert isinstance(whole, LLMService)
        # One that finds turns itself, and was not told to leave it, says how it wants them ended.
        own_turns = whole.service_metadata_frame().user_turn_strategies
        strategies = own_turns or turns.strategies(wait_for_transcript=False)
        pair = _memory(context, turns, strategies)
        return Between([pair.user(), TypedInput(), whole], [pair.assistant()])
    pair = _memory(context, turns, turns.strategies(wait_for_transcript=True))
    recognition, language, speech = (
        services[role] for role in ("recognition", "language", "speech")
    )
    said = [language, GestureTags(), speech]
    return Between([recognition, pair.user(), *said], [pair.assistant()])


def _memory(
    context: LLMContext, turns: Turns, strategies: UserTurnStrategies
) -> LLMContextAggregatorPair:
    params = LLMUserAggregatorParams(
        vad_analyzer=turns.activity,
        user_turn_strategies=strategies,
        user_turn_stop_timeout=WORDS_S,
        empty_user_turn=None,
    )
    return LLMContextAggregatorPair(context, user_params=params)
