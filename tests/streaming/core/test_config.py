from pathlib import Path

import pytest

from avatar.errors import AvatarError
from streaming.core.config import load_config, parse_workers


def test_flags_overrule_the_file_and_the_file_overrules_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "serve.yaml"
    file.write_text("port: 9000\nspeaker: anna\nice_servers: ['stun:a.example:3478']\n")
    config = load_config(file, {"port": 9001, "host": None})
    assert (config.port, config.speaker, config.host) == (9001, "anna", "127.0.0.1")
    assert config.ice_servers == ("stun:a.example:3478",)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("prot: 9000", "unknown key 'prot'"),
        ("port: many", "port"),
        ("port: 70000", "65535"),
        ("- 1", "name: value"),
        ("a: [", "YAML"),
        ("backend: abacus", "no back end 'abacus'"),
        ("tls_cert: x.pem", "tls_key"),
        ("ice_servers: ['http://x']", "stun:host:port"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, word: str) -> None:
    file = tmp_path / "serve.yaml"
    file.write_text(text)
    with pytest.raises(AvatarError, match=word):
        load_config(file, {})


def test_limits_are_read_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "serve.yaml"
    file.write_text("limits: {idle_s: 0, sessions_per_address: 2}\n")
    limits = load_config(file, {}).limits
    assert (limits.idle_s, limits.sessions_per_address, limits.candidates) == (0, 2, 32)
    file.write_text("limits: {resume_s: 30}\n")
    with pytest.raises(AvatarError, match=r"limits\.resume_s must be at most 20"):
        load_config(file, {})
    file.write_text("limits: {token_s: 0}\n")
    with pytest.raises(AvatarError, match=r"limits\.token_s"):
        load_config(file, {})


@pytest.mark.parametrize(("text", "workers"), [(None, None), ("auto", 0), ("3", 3)])
def test_workers_are_a_number_or_auto(text: str | None, workers: int | None) -> None:
    assert parse_workers(text) == workers


@pytest.mark.parametrize("nonsense", ["0", "-1", "many", "2.5", ""])
def test_other_workers_are_refused_in_words(nonsense: str) -> None:
    with pytest.raises(AvatarError, match="auto or a number"):
        parse_workers(nonsense)
