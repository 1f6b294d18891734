"""A service that hears and speaks itself, over a real server of its protocol, in a real call."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("pipecat", reason="pipecat-ai is not installed", exc_type=ImportError)

from streaming.core.config import ServeConfig
from tests.streaming.support.live_server import serving_bars
from tests.streaming.support.model_server import KEY
from tests.streaming.support.person import Person, spoken, talking
from tests.streaming.support.polling import until
from tests.streaming.support.realtime_server import RealtimeServer, serving_realtime

SENTENCE = "Good morning to you."
BY_CLASS = "pipecat.services.openai.realtime.llm.OpenAIRealtimeLLMService"


@pytest.fixture(scope="module")
def models() -> Iterator[RealtimeServer]:
    with serving_realtime() as models:
        yield models


def serving(folder: Path, part: dict[str, Any], **more: object) -> Any:
    file = folder / "talk.yaml"
    file.write_text(yaml.safe_dump({"speech_to_speech": part, **more}))
    return serving_bars(folder, ServeConfig(max_sessions=4, talk=str(file)))


def finals(person: Person, kind: str) -> list[str]:
    return [one["text"] for one in person.all(kind) if one["final"]]


async def ask(person: Person) -> None:
    """Say a sentence and hear the answer to its end."""
    answers = len(finals(person, "talk.said"))
    _, end = person.mouth.say(spoken(SENTENCE))
    await until(lambda: len(finals(person, "talk.said")) > answers and person.heard(since=end), 30)


async def test_it_hears_answers_is_typed_to_and_interrupted(
    tmp_path: Path, models: RealtimeServer
) -> None:
    models.hears = True
    part = models.part(voice="marin", transcription="whisper-1")
    with serving(tmp_path, part, languages=["en"], system="Be brief.") as server:
        async with talking(server) as person:
            await ask(person)
            assert person.states()[:3] == ["heard-speech", "thinking", "speaking"]
            assert finals(person, "talk.heard"), "what pocketsphinx heard"
            assert finals(person, "talk.said")[-1] == models.answer
            models.answer = "This is a very long answer that goes on and on for quite a while."
            await person.send("talk.text", text="And what is your name?")
            await until(lambda: person.states()[-1] == "speaking")
            person.mouth.say(spoken("Wait, stop it please."))
            await until(lambda: person.states()[-1] == "heard-speech")
            await until(lambda: "response.cancel" in models.kinds())
            await until(lambda: person.all("talk.said")[-1]["interrupted"])
            assert not person.all("talk.error")
    asked = models.sessions[0]
    assert asked["instructions"] == "Be brief."
    assert asked["audio"]["output"]["voice"] == "marin"
    heard_by = asked["audio"]["input"]
    assert heard_by["transcription"] == {"model": "whisper-1", "language": "en"}
    assert heard_by["turn_detection"] is None, "the server finds no turns of its own"
    (typed,) = [one for one in models.told if one["type"] == "conversation.item.create"][-1:]
    assert "your name" in typed["item"]["content"][0]["text"]


async def test_a_connection_that_ends_is_said_and_made_anew_with_the_next_turn(
    tmp_path: Path, models: RealtimeServer
) -> None:
    with serving(tmp_path, models.part(), greeting="Hello there.") as server:
        async with talking(server) as person:
            await until(lambda: finals(person, "talk.said"), 30)
            (greeting,) = [one for one in models.told if "Hello there." in str(one)]
            assert greeting["type"] == "conversation.item.create"
            await models.connections[-1].close()
            await person.hears_of("talk.error")
            await ask(person)
            assert len(person.all("talk.error")) == 1


async def test_one_by_the_name_of_its_class_has_settings_keys_and_turns_of_its_own(
    tmp_path: Path, models: RealtimeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_KEY", KEY)
    settings = {"model": "test", "audio": {"input": {"turn_detection": False}}}
    address = models.part()["base_url"]
    arguments = {"api_key": {"env": "SOME_KEY"}, "base_url": address, "settings": settings}
    with serving(tmp_path, {"service": BY_CLASS, "arguments": arguments}) as server:
        async with talking(server) as person:
            await ask(person)
