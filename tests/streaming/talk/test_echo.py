"""A conversation with an echo, over a real server: what was said comes back."""

import asyncio

import numpy as np
import pytest

pytest.importorskip("pipecat", reason="pipecat-ai is not installed", exc_type=ImportError)

from streaming.core.config import ServeConfig
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.person import Person, Sound, spoken, talking
from tests.streaming.support.polling import until

SENTENCE = "Good morning, how are you today?"


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig(max_sessions=4, talk="echo")


def likeness(heard: Sound, said: Sound) -> float:
    """Best correlation of the loudness of 20 ms pieces, over all delays."""
    first, second = envelope(heard), envelope(said)
    pad = np.pad(first, len(second))
    scores = [
        np.corrcoef(pad[start : start + len(second)], second)[0, 1]
        for start in range(len(pad) - len(second))
        if pad[start : start + len(second)].any()
    ]
    return float(np.nanmax(scores))


def envelope(sound: Sound) -> np.ndarray:
    whole = sound[: len(sound) // 960 * 960].reshape(-1, 960)
    return np.sqrt((whole.astype(np.float32) ** 2).mean(axis=1))


async def say(person: Person, sound: Sound) -> float:
    """Say it, wait until it has come back; when its last sound was spoken."""
    _, end = person.mouth.say(sound)
    await until(lambda: person.heard(since=end))
    await person.waits_for_silence()
    return end


async def test_what_was_said_comes_back_with_the_face(server: LiveServer) -> None:
    async with talking(server) as person:
        ready = person.all("talk.ready")[0]
        assert ready["services"] == [{"role": "echo", "address": "this machine"}]
        assert not ready["can_type"]
        rest = person.face[-1][2]
        end = await say(person, spoken(SENTENCE))
        assert likeness(person.voice_since(end), spoken(SENTENCE)) > 0.9
        assert [level for at, _, level in person.face if at > end and level > rest + 3]
        assert person.states()[:4] == ["heard-speech", "thinking", "speaking", "listening"]
        heard, said = person.all("talk.heard")[-1], person.all("talk.said")[-1]
        assert heard["text"] == said["text"], "nobody wrote the words down: how long it was"
        assert heard["text"].endswith(" s of speech)")


async def test_two_calls_at_once_each_hear_themselves(server: LiveServer) -> None:
    said = [spoken(SENTENCE), spoken("The quick brown fox jumps over the lazy dog.", "awb")]
    async with talking(server) as first, talking(server) as second:
        people = (first, second)
        ends = await asyncio.gather(*[say(one, own) for one, own in zip(people, said, strict=True)])
        heard = [one.voice_since(end) for one, end in zip(people, ends, strict=True)]
    for own, other, sound in zip(said, reversed(said), heard, strict=True):
        assert likeness(sound, own) > 0.9 > likeness(sound, other) + 0.1
