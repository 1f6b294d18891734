"""How soon a conversation answers, and how soon it is silent, on what a caller hears.

The voice comes with its picture, in step: the first sound is the first speaking picture.
"""

import asyncio
from dataclasses import dataclass

import numpy as np

from streaming.benchmark.live_benchmark import running_server
from streaming.benchmark.server_stages import StageSpread, between, look
from streaming.benchmark.talk_caller import TalkCaller, sentence

STAGES = ("end of turn", "recognition", "first token", "first sound", "first picture")
INTO_ANSWER_S = 1.0  # until it is interrupted
ANSWERED, SILENT = "first picture, at the caller", "silent after an interruption, at the caller"


@dataclass(frozen=True)
class TalkRun:
    """Milliseconds since the person's last sound; of an interruption, since its first."""

    stages: dict[str, StageSpread]
    turns: int
    "And as many interruptions."


def measure_talk(talk: str, turns: int, flags: tuple[str, ...]) -> TalkRun:
    """Hold `turns` turns and as many interruptions with a server of its own."""
    with running_server("--talk", talk, *flags) as (address, _):
        before = look(address)
        answered, silent = asyncio.run(_converse(address, turns))
        passed = between(before, look(address))
    at_caller = {ANSWERED: milliseconds(answered), SILENT: milliseconds(silent)}
    return TalkRun(on_server(passed) | at_caller, turns)


def on_server(passed: dict[str, StageSpread]) -> dict[str, StageSpread]:
    """The stages of conversations, in their order."""
    return {name: passed[name] for name in STAGES if name in passed}


async def _converse(address: str, turns: int) -> tuple[list[float], list[float]]:
    """Seconds until each answer came, and until each interruption silenced one."""
    caller, said = TalkCaller(), sentence()
    answered, silent = [], []
    await caller.call(address)
    try:
        await caller.answer_over()  # a greeting
        for _ in range(turns):
            _, end = caller.mouth.say(said)
            first = await caller.first_sound(end)
            answered.append(first - end)
            await asyncio.sleep(INTO_ANSWER_S)
            begun, over = caller.mouth.say(said)
            silent.append(await caller.silence(begun, over) - begun)
            await caller.first_sound(over)
            await caller.answer_over()
    finally:
        await caller.close()
    return answered, silent


def milliseconds(seconds: list[float]) -> StageSpread:
    """Percentiles of delays."""
    p50, p95, p99 = np.percentile(np.array(seconds) * 1000, [50, 95, 99]).round(1).tolist()
    return StageSpread(p50, p95, p99)
