"""Conversations in real calls: a server with a talk.yaml, and a person who asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from streaming.core.config import ServeConfig
from tests.streaming.support.live_server import LiveServer, serving_bars
from tests.streaming.support.person import Person, spoken
from tests.streaming.support.polling import until

SENTENCE = "Good morning, how are you today?"


@contextmanager
def serving_agent(folder: Path, agent: dict[str, Any], **config: Any) -> Iterator[LiveServer]:
    """Level bars that talk as `agent` says, a talk.yaml."""
    file = folder / "talk.yaml"
    file.write_text(yaml.safe_dump(agent))
    with serving_bars(folder, ServeConfig(max_sessions=4, talk=str(file), **config)) as server:
        yield server


def finals(person: Person, kind: str) -> list[str]:
    """The texts of a kind of captions that are over."""
    return [one["text"] for one in person.all(kind) if one["final"]]


async def ask(person: Person, text: str = SENTENCE) -> float:
    """Say it and hear the answer to its end; when its last sound was spoken."""
    answers = len(finals(person, "talk.said"))
    _, end = person.mouth.say(spoken(text))
    await until(lambda: len(finals(person, "talk.said")) > answers and person.heard(since=end), 30)
    return end
