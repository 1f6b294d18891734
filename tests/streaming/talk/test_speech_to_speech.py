"""A service that hears and speaks itself, over a real server of its protocol, in a real call."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pipecat", reason="pipecat-ai is not installed", exc_type=ImportError)

from tests.streaming.support.conversation import ask, finals, serving_agent
from tests.streaming.support.model_server import KEY
from tests.streaming.support.person import spoken, talking
from tests.streaming.support.polling import until
from tests.streaming.support.realtime_server import RealtimeServer, serving_realtime

SENTENCE = "Good morning to you."
BY_CLASS = "pipecat.services.openai.realtime.llm.OpenAIRealtimeLLMService"


@pytest.fixture(scope="module")
def models() -> Iterator[RealtimeServer]:
    with serving_realtime() as models:
        yield models


def agent(part: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"speech_to_speech": part, **more}


async def test_it_hears_answers_is_typed_to_and_interrupted(
    tmp_path: Path, models: RealtimeServer
) -> None:
    models.hears = True
    part = models.part(voice="marin", transcription="whisper-1")
    with serving_agent(tmp_path, agent(part, languages=["en"], system="Be brief.")) as server:
        async with talking(server) as person:
            await ask(person, SENTENCE)
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
    with serving_agent(tmp_path, agent(models.part(), greeting="Hello there.")) as server:
        async with talking(server) as person:
            await until(lambda: finals(person, "talk.said"), 30)
            (greeting,) = [one for one in models.told if "Hello there." in str(one)]
            assert greeting["type"] == "conversation.item.create"
            await models.connections[-1].close()
            await person.hears_of("talk.error")
            await ask(person, SENTENCE)
            assert len(person.all("talk.error")) == 1


async def test_a_wrong_key_is_said_once_a_turn_and_the_call_goes_on(
    tmp_path: Path, models: RealtimeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_KEY", f"not {KEY}")
    with serving_agent(tmp_path, agent(models.part(api_key_env="SOME_KEY"))) as server:
        async with talking(server) as person:
            refused = "The language model refuses the key it was given. The call goes on."
            assert (await person.hears_of("talk.error"))["message"] == refused
            person.mouth.say(spoken(SENTENCE))
            assert (await person.hears_of("talk.error", 2))["message"] == refused
            await until(lambda: person.states()[-1:] == ["listening"])
            frames = len(person.face)
            await until(lambda: len(person.face) > frames + 10)
            assert len(person.all("talk.error")) == 2


async def test_a_function_is_called_and_the_answer_speaks_of_what_it_gave(
    tmp_path: Path, models: RealtimeServer
) -> None:
    models.tool = {"name": "look_up", "arguments": '{"city": "Bonn"}'}
    models.answer = "It says {told}."
    tool = {
        "name": "look_up",
        "description": "Looks something up.",
        "parameters": {"city": {"type": "string"}},
        "url": f"{models.address}/look_up",  # nothing is there: it answers 404
    }
    with serving_agent(tmp_path, agent(models.part(), tools=[tool])) as server:
        async with talking(server) as person:
            await ask(person, SENTENCE)
            assert "status 404" in finals(person, "talk.said")[-1]
    assert models.sessions[-1]["tools"][0]["name"] == "look_up"


async def test_one_by_the_name_of_its_class_has_settings_keys_and_turns_of_its_own(
    tmp_path: Path, models: RealtimeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_KEY", KEY)
    settings = {"model": "test", "audio": {"input": {"turn_detection": False}}}
    address = models.part()["base_url"]
    arguments = {"api_key": {"env": "SOME_KEY"}, "base_url": address, "settings": settings}
    with serving_agent(tmp_path, agent({"service": BY_CLASS, "arguments": arguments})) as server:
        async with talking(server) as person:
            await ask(person, SENTENCE)
