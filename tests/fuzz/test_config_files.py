"""Configuration files of every shape."""

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from avatar.errors import AvatarError
from streaming.core.config import load_config, make_ice_servers
from tests.fuzz.conftest import ErrorLog
from tests.fuzz.mutations import JSON, mutated_bytes, mutated_lines
from tests.fuzz.profile import check_words, fuzz, no_hang

GOOD = """speaker: demo
host: 127.0.0.1
port: 8443
max_sessions: 0
ice_servers: ["stun:stun.example.org:3478", "turn:user:password@turn.example.org"]
allowed_origins: ["https://example.org"]
private_candidates: false
limits: {idle_s: 900, total_s: 14400.0, candidates: 32}
"""
KEYS = ("speaker", "host", "port", "device", "max_sessions", "ice_servers", "limits", "tls_cert")

FILES = st.one_of(
    mutated_lines(GOOD).map(str.encode),
    mutated_bytes(GOOD.encode()),
    st.dictionaries(st.sampled_from(KEYS), JSON).map(yaml.safe_dump).map(str.encode),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
)


@fuzz
@given(FILES)
@example(b"[" * 5000)
@example(b"a: &a [x, x]\nb: &b [*a, *a]\nlimits: [*b, *b]")
@example(b"port: " + b"9" * 5000)
@example(b"limits: {idle_s: " + b"9" * 400 + b"}")
@example(b"limits: {1: 2, a: 3}")
@example(b"limits: {idle_s: .nan}")
@example(b"limits: {idle_s: .inf}")
@example(b"host: 2001-99-99")
@example(b"host: !!binary x")
def test_a_file_is_read_or_refused_in_one_line(
    tmp_path: Path, error_log: ErrorLog, data: bytes
) -> None:
    file = tmp_path / "serve.yaml"
    file.write_bytes(data)
    with no_hang():
        try:
            make_ice_servers(load_config(file, {}))
        except AvatarError as error:
            check_words(error)
    assert not error_log.lines


def test_the_good_one_is_good(tmp_path: Path) -> None:
    file = tmp_path / "serve.yaml"
    file.write_text(GOOD)
    assert load_config(file, {}).port == 8443
    with pytest.raises(AvatarError):
        load_config(tmp_path / "none.yaml", {})
