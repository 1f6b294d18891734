from pathlib import Path

import pytest

from avatar.errors import AvatarError
from streaming.config import ServeConfig, ice_server, load_config, page_ice_servers


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
        ("tls_cert: x.pem", "tls_key"),
        ("ice_servers: ['http://x']", "stun:host:port"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, word: str) -> None:
    file = tmp_path / "serve.yaml"
    file.write_text(text)
    with pytest.raises(AvatarError, match=word):
        load_config(file, {})


def test_turn_servers_reach_both_ends_with_their_password() -> None:
    config = ServeConfig(ice_servers=("turn:bob:p%40ss@turn.example:3478", "stun:s.example:3478"))
    assert page_ice_servers(config) == [
        {"urls": "turn:turn.example:3478", "username": "bob", "credential": "p@ss"},
        {"urls": "stun:s.example:3478"},
    ]
    assert ice_server(config.ice_servers[0]).credential == "p@ss"


def test_a_bad_ice_server_does_not_print_its_password() -> None:
    with pytest.raises(AvatarError) as error:
        ice_server("trun:bob:secret@turn.example")
    assert "secret" not in str(error.value)
