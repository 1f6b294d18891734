"""talk.yaml: what is good, and the one line that says what is not."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from avatar.errors import AvatarError
from streaming.talk.agent_file import AgentFile, load_agent

HERE = "http://127.0.0.1:11434/v1"
PARTS: dict[str, Any] = {
    "recognition": {"base_url": HERE, "model": "whisper"},
    "language": {"base_url": HERE, "model": "llama3.2", "temperature": 0.5},
    "speech": {"base_url": "http://127.0.0.1:8880/v1", "model": "kokoro", "voice": "af_heart"},
}
BY_CLASS = {"service": "some.module.Service", "arguments": {"api_key": {"env": "SOME_KEY"}}}


def load(folder: Path, **more: Any) -> AgentFile:
    file = folder / "talk.yaml"
    file.write_text(yaml.safe_dump({**PARTS, **more}))
    return load_agent(file)


def test_each_service_has_an_address_or_a_class(tmp_path: Path) -> None:
    agent = load(tmp_path, language=BY_CLASS)
    assert dict(agent.addresses()) == {
        "recognition": "127.0.0.1:11434",
        "language": "some.module.Service",
        "speech": "127.0.0.1:8880",
    }


def test_one_service_may_stand_for_all_three(tmp_path: Path) -> None:
    file = tmp_path / "talk.yaml"
    file.write_text(yaml.safe_dump({"speech_to_speech": BY_CLASS}))
    assert dict(load_agent(file).addresses()) == {"speech-to-speech": "some.module.Service"}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"langauge": {}}, "langauge: there is no such setting"),
        ({"speech": None}, "speech is missing; or give speech_to_speech"),
        ({"speech_to_speech": BY_CLASS}, "speech_to_speech stands in place of recognition"),
        ({"language": {"base_url": "here", "model": "m"}}, "language.base_url: give an address"),
        ({"language": {"base_url": HERE}}, "language.model: Field required"),
        ({"language": {"base_url": HERE, "model": "m", "voice": "x"}},
         "language.voice: there is no such setting"),
        ({"speech": {"service": "Service"}}, "speech.service: name a class with its module"),
        ({"languages": ["English!"]}, "languages.0: give codes of languages"),
        ({"limits": {"turns": 0}}, "limits.turns: Input should be greater than or equal to 1"),
        ({"patience": float("nan")}, "patience: Input should be a finite number"),
        ({"tools": [{"name": "a", "description": "b", "url": "ws://x"}]}, "tools.0.url: "),
        ({"tools": [{"name": "a", "description": "b", "url": "http://x", "required": ["c"]}]},
         "the required 'c' is not one of its parameters"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(
    tmp_path: Path, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(AvatarError) as caught:
        load(tmp_path, **more)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "more",
    [
        {"language": {"base_url": HERE, "model": "m", "api_key": "abcdefgh"}},
        {"language": {"base_url": HERE, "model": "m", "api_key_env": "sk-abcdefgh"}},
        {"language": {"service": "a.B", "arguments": {"token": "abcdefgh"}}},
        {"language": {"service": "a.B", "arguments": {"headers": {"Authorization": "abcdefgh"}}}},
        {"language": {"service": "a.B", "arguments": {"other": "sk-abcdefgh"}}},
        {"language": {"base_url": "https://me:abcdefgh@example.org/v1", "model": "m"}},
        {"language": {"base_url": "https://example.org/v1?key=abcdefgh", "model": "m"}},
    ],
)
def test_keys_in_the_file_are_refused_and_not_repeated(
    tmp_path: Path, more: dict[str, Any]
) -> None:
    with pytest.raises(AvatarError) as caught:
        load(tmp_path, **more)
    assert "abcdefgh" not in str(caught.value)
