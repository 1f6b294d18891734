"""`avatar doctor --talk`: what it says of services that answer, and of those that do not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("pipecat", reason="pipecat-ai is not installed", exc_type=ImportError)

from streaming.doctor.finding import Finding
from streaming.doctor.talk_check import check_talk
from tests.streaming.support.model_server import KEY, ModelServer, serving_models


@pytest.fixture(scope="module")
def models() -> Iterator[ModelServer]:
    with serving_models() as models:
        yield models


async def look(folder: Path, agent: dict[str, Any]) -> dict[str, Finding]:
    file = folder / "talk.yaml"
    file.write_text(yaml.safe_dump(agent))
    return {finding.what: finding for finding in await check_talk(str(file))}


async def test_services_that_answer_are_timed(tmp_path: Path, models: ModelServer) -> None:
    found = await look(tmp_path, models.agent())
    assert list(found) == ["recognition", "language", "speech"]
    assert "its first word came" in found["language"].words
    assert "with the voice slt" in found["speech"].words
    assert "good morning" in found["recognition"].words
    assert not [one for one in found.values() if one.verdict == "bad" or "ms" not in one.words]


async def test_what_is_wrong_with_a_service_is_said_in_words(
    tmp_path: Path, models: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG_KEY", "wrong")
    monkeypatch.setenv("RIGHT_KEY", KEY)
    agent = models.agent(
        recognition=models.part(api_key_env="WRONG_KEY"),
        language=models.part(api_key_env="RIGHT_KEY"),
        speech={"base_url": "http://127.0.0.1:1/v1", "model": "test", "voice": "slt"},
    )
    found = await look(tmp_path, agent)
    assert found["recognition"].verdict == "bad"
    assert "refuses the key in WRONG_KEY" in found["recognition"].words
    assert found["language"].verdict != "bad"
    assert "cannot be reached; is it running?" in found["speech"].words


async def test_a_key_that_is_not_there_and_a_class_that_is_none(
    tmp_path: Path, models: ModelServer
) -> None:
    agent = models.agent(
        language=models.part(api_key_env="SURELY_NOT_SET"),
        speech={"service": "pipecat.services.openai.stt.OpenAISTTService"},
    )
    found = await look(tmp_path, agent)
    assert "SURELY_NOT_SET is not set" in found["language"].words
    assert "is no TTSService of pipecat" in found["speech"].words
