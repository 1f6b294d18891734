"""`avatar token` as a program."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from streaming.security.tokens import Grant, TokenSigner
from tests.support import AVATAR

SECRET = "0123456789abcdef0123456789abcdef"


def token(*flags: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    clean = {key: value for key, value in os.environ.items() if not key.startswith("AVATAR_")}
    return subprocess.run(
        [*AVATAR, "token", *flags], env=clean | environment, capture_output=True, text=True
    )


def read(made: str) -> Grant:
    return TokenSigner(SECRET.encode()).read(made.strip())


def test_it_prints_a_token_of_what_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    config = tmp_path / "serve.yaml"
    config.write_text(f"token_secret_file: {tmp_path / 'secret'}\n")
    done = token("--config", str(config), "--speaker", "anna", "--role", "view", "--minutes", "2")
    grant = read(done.stdout)
    assert (grant.speaker, grant.role, grant.session) == ("anna", "view", "")
    assert grant.expires - time.time() == pytest.approx(120, abs=60)


def test_a_link_keeps_the_token_behind_the_hash() -> None:
    done = token("--address", "https://a.example/", AVATAR_TOKEN_SECRET=SECRET)
    page, _, made = done.stdout.partition("#token=")
    assert page == "https://a.example/"
    assert read(made).role == "talk"


@pytest.mark.parametrize(
    ("flags", "secret", "word"),
    [
        ((), "", "--token-secret-file"),
        ((), "short", "openssl"),
        (("--speaker", "../x"), SECRET, "name"),
    ],
)
def test_mistakes_are_one_line(flags: tuple[str, ...], secret: str, word: str) -> None:
    done = token(*flags, AVATAR_TOKEN_SECRET=secret)
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout
