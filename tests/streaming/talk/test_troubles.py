"""What goes wrong with a service is said in words, and no call is lost by it."""

from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("pipecat", reason="pipecat-ai is not installed", exc_type=ImportError)

from tests.streaming.support.conversation import ask, serving_agent
from tests.streaming.support.model_server import KEY, ModelServer, Role
from tests.streaming.support.person import Person, spoken, talking
from tests.streaming.support.polling import until

NAMES: dict[Role, str] = {
    "recognition": "Speech recognition",
    "language": "The language model",
    "speech": "The voice",
}
WORDS = {
    "dies": ("{} failed.", "{} cannot be reached."),
    "hangs": ("{} did not answer in time.", "No answer came within 3 s.", "{} failed."),
    "refuses": ("{} refuses the key it was given.",),
}


def has_said(person: Person, seen: int, name: str, words: tuple[str, ...]) -> bool:
    """Whether any trouble after the first `seen` was told in these words."""
    told = [one["message"] for one in person.all("talk.error")[seen:]]
    return any(f"{form.format(name)} The call goes on." in told for form in words)


@pytest.mark.parametrize("role", NAMES)
async def test_a_service_that_dies_hangs_or_refuses_its_key_answers_again_once_it_can(
    tmp_path: Path, models: ModelServer, role: Role
) -> None:
    models.answer = "Yes, {turns} times."
    with serving_agent(tmp_path, models.agent(limits={"answer": 3})) as server:
        async with talking(server) as person:
            for trouble in ("dies", "hangs", "refuses"):
                await person.waits_for_silence()  # what was said before it died
                models.trouble[role] = trouble
                told = len(person.all("talk.error"))
                person.mouth.say(spoken("Good morning."))
                await until(partial(has_said, person, told, NAMES[role], WORDS[trouble]))
            await person.waits_for_silence()
            models.trouble.clear()
            await ask(person, "Good morning.")
            assert not person.all("bye")


async def test_a_wrong_key_is_said_once_a_turn_and_stays_secret(
    tmp_path: Path, models: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", f"not {KEY}")
    models.answer = "One sentence. And another. And a third."
    agent = models.agent(speech=models.part(voice="slt", api_key_env="TEST_KEY"))
    with serving_agent(tmp_path, agent) as server:
        async with talking(server) as person:
            for turn in (1, 2):
                await person.send("talk.text", text="Good morning")
                error = await person.hears_of("talk.error", turn)
                assert error["message"].startswith("The voice refuses the key")
                await until(lambda: person.states()[-1] == "listening")
                frames = len(person.face)
                await until(lambda seen=frames: len(person.face) > seen + 10)
            assert len(person.all("talk.error")) == 2
            assert KEY not in str(person.all("talk.error"))
