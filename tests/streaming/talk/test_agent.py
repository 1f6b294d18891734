"""A conversation with an agent: real pipecat, real protocols, a real call."""

import asyncio
from pathlib import Path

import pytest
import yaml

pytest.importorskip("pipecat", reason="pipecat-ai is not installed", exc_type=ImportError)

from avatar.gestures import GESTURES
from streaming.talk.gesture_tags import prompt
from tests.streaming.support.conversation import ask, finals, serving_agent
from tests.streaming.support.model_server import KEY, ModelServer
from tests.streaming.support.person import Person, spoken, talking
from tests.streaming.support.polling import until

WORDS = ("good", "morning", "how", "are", "you", "today")


def shows_speech(person: Person, since: float) -> bool:
    rest = person.face[0][2]
    return any(level > rest + 3 for at, _, level in person.face if at > since)


async def test_an_agent_hears_thinks_and_speaks(tmp_path: Path, models: ModelServer) -> None:
    models.transcript = None  # what pocketsphinx hears
    agent = models.agent(greeting="Hello there.", system="Be brief.", languages=["en"])
    with serving_agent(tmp_path, agent) as server:
        async with talking(server) as person:
            ready = person.all("talk.ready")[0]
            assert ready["greeting"] == "Hello there."
            assert {one["role"] for one in ready["services"]} == {
                "recognition", "language", "speech",
            }  # fmt: skip
            await person.hears_of("talk.said", 2)
            await person.waits_for_silence()
            end = await ask(person)
            await until(lambda: person.heard(since=end) and shows_speech(person, end))
            heard = [one for one in person.all("talk.heard") if one["final"]]
    assert models.said == ["Hello there.", "You have spoken 1 times.", "That is all I know."]
    recognised = set(heard[-1]["text"].split()) & set(WORDS)
    assert len(recognised) >= 2, f"a small recogniser hears some words wrong: {heard[-1]['text']}"
    system = models.asked[0]["messages"][0]
    assert (system["role"], system["content"]) == ("system", f"Be brief.\n{prompt(GESTURES)}")
    said = person.all("talk.said")[-1]
    assert (said["text"], said["final"], said["interrupted"]) == (
        "You have spoken 1 times. That is all I know.", True, False,
    )  # fmt: skip


async def test_tags_move_the_head_when_their_sentence_is_heard_and_are_not_spoken(
    tmp_path: Path, models: ModelServer
) -> None:
    models.answer = "Good to see you. [nod] Yes, [smile] that is right."
    with serving_agent(tmp_path, models.agent(gestures=False), motion=True) as server:
        async with talking(server, motion=True) as person:
            await person.send("talk.text", text="Is it?")
            await until(lambda: nods(person) and len(models.said) == 2, 40)
            heard = [o["frame"] for o in person.all("motion") if o["tracks"]["aperture"] > 0.1]
    assert models.said == ["Good to see you.", "Yes, that is right."]
    assert not any("[" in one["text"] for one in person.all("talk.said"))
    assert "[nod]" not in models.asked[0]["messages"][0]["content"]
    assert nods(person)[0] > heard[0] + 10


def nods(person: Person) -> list[int]:
    """The frames in which the head is down."""
    return [one["frame"] for one in person.all("motion") if one["head"]["pitch"] < -1]


async def test_what_is_typed_is_answered_and_an_interruption_silences_it(
    tmp_path: Path, models: ModelServer
) -> None:
    models.answer = "This is a very long answer that goes on and on and on for quite a while."
    with serving_agent(tmp_path, models.agent()) as server:
        async with talking(server) as person:
            await person.send("talk.text", text="Good evening")
            assert (await person.hears_of("talk.heard"))["text"] == "Good evening"
            await until(lambda: person.states()[-1:] == ["speaking"])
            await person.send("talk.interrupt")
            await until(lambda: any(one["final"] for one in person.all("talk.said")))
            assert person.all("talk.said")[-1]["interrupted"]
            await until(lambda: person.states()[-1] == "listening")
            await person.waits_for_silence()
    assert models.asked[0]["messages"][-1] == {"role": "user", "content": "Good evening"}


async def test_a_person_interrupts_by_speaking(tmp_path: Path, models: ModelServer) -> None:
    models.answer = "This is a very long answer that goes on and on and on for quite a while."
    delays = []
    with serving_agent(tmp_path, models.agent()) as server:
        async with talking(server) as person:
            for _ in range(5):
                await person.send("talk.text", text="Go on")
                await until(lambda: person.states()[-1:] == ["speaking"])
                await until(lambda: len(person.heard()) > 50)
                begun, end = person.mouth.say(spoken("Wait, stop it please."))
                await until(lambda: person.states()[-1] == "heard-speech")
                turns = len([one for one in person.all("talk.heard") if one["final"]])
                silent = [at for at in person.heard(since=begun) if at < end][-1]
                delays.append(silent - begun)
                await until(lambda: person.all("talk.said")[-1]["interrupted"])
                await until(
                    lambda n=turns: len([o for o in person.all("talk.heard") if o["final"]]) > n
                )
                await person.send("talk.interrupt")
                await person.waits_for_silence()
    print("silent after", [round(delay * 1000) for delay in delays], "ms")
    assert len(delays) == 5


async def test_ten_turns_and_two_calls_at_once_have_their_own_memory(
    tmp_path: Path, models: ModelServer
) -> None:
    models.answer = "{turns}."
    with serving_agent(tmp_path, models.agent()) as server:
        async with talking(server) as first, talking(server) as second:
            for _ in range(3):
                await asyncio.gather(ask(first, "Good morning."), ask(second, "Good morning."))
            for turn in range(4, 11):
                await first.send("talk.text", text="Good morning.")
                await until(lambda turn=turn: len(finals(first, "talk.said")) == turn)
            assert finals(first, "talk.said") == [f"{n}." for n in range(1, 11)]
            assert finals(second, "talk.said") == ["1.", "2.", "3."]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"turns": 1}, "1 turn;"),
        ({"characters": 60}, "60 characters;"),
        ({"tokens": 150}, "150 tokens;"),
        ({"seconds": 6}, "6 seconds;"),
    ],
    ids=["turns", "characters", "tokens", "seconds"],
)
async def test_a_conversation_that_had_its_share_says_so_and_the_call_goes_on(
    tmp_path: Path, models: ModelServer, limits: dict[str, int], words: str
) -> None:
    with serving_agent(tmp_path, models.agent(limits=limits)) as server:
        async with talking(server) as person:
            for text in ("One", "Two"):
                await person.send("talk.text", text=text)
                await until(lambda: finals(person, "talk.said") or "over" in person.states())
            await until(lambda: "over" in person.states())
            assert words in person.all("talk.error")[-1]["message"]
            frames = len(person.face)
            await until(lambda: len(person.face) > frames + 10)


async def test_services_by_class_and_a_memory_that_outlasts_a_while_as_a_mirror(
    tmp_path: Path, models: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    models.answer = "{turns}."
    by_class = {
        role: {
            "service": f"pipecat.services.openai.{module}",
            "arguments": {
                "api_key": {"env": "TEST_KEY"},
                "base_url": f"{models.address}/v1",
                "settings": settings,
            },
        }
        for role, module, settings in (
            ("recognition", "stt.OpenAISTTService", {"model": "test", "language": "en"}),
            ("language", "llm.OpenAILLMService", {"model": "test"}),
            ("speech", "tts.OpenAITTSService", {"model": "test", "voice": "alloy"}),
        )
    }
    with serving_agent(
        tmp_path, {**by_class, "greeting": "Hello.", "limits": {"turns": 2}}
    ) as server:
        async with talking(server) as person:
            await person.hears_of("talk.said", 2)
            await ask(person)
            assert models.heard == ["good morning"]
            await person.send("talk.mode", mode="mirror")
            await person.send("talk.mode", mode="talk")
            await person.hears_of("talk.ready", 2)
            await person.send("talk.text", text="Once more")
            await until(lambda: person.all("talk.said")[-1]["text"] == "2.")
            await person.send("talk.mode", mode="mirror")
            await person.send("talk.mode", mode="talk")
            await person.hears_of("talk.ready", 3)
            await person.send("talk.text", text="And on")
            await until(lambda: person.states()[-1] == "over")
    assert models.said[:3] == ["Hello.", "1.", "2."], "one memory, and one greeting"


async def test_a_function_is_called_at_its_address(tmp_path: Path, models: ModelServer) -> None:
    models.tool = {"name": "look_up", "arguments": '{"city": "Bonn"}'}
    models.answer = "It says {told}."
    tool = {
        "name": "look_up",
        "description": "Looks something up.",
        "parameters": {"city": {"type": "string"}},
        "url": f"{models.address}/v1/models",  # answers 405: it takes no POST
    }
    with serving_agent(tmp_path, models.agent(tools=[tool])) as server:
        async with talking(server) as person:
            await ask(person)
    assert "status 405" in models.said[-1]
    assert models.asked[0]["tools"][0]["function"]["name"] == "look_up"


async def test_nothing_is_kept_unless_a_folder_is_named(
    tmp_path: Path, models: ModelServer
) -> None:
    kept = tmp_path / "kept"
    with serving_agent(tmp_path, models.agent(transcripts=str(kept))) as server:
        async with talking(server) as person:
            assert person.all("talk.ready")[0]["stored"]
            await ask(person)
    (file,) = kept.iterdir()
    assert [yaml.safe_load(line)["who"] for line in file.read_text().splitlines()] == [
        "person", "digital human",
    ]  # fmt: skip
