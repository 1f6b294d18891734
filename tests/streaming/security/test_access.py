from pathlib import Path

import pytest
from starlette.requests import Request

from avatar.errors import AvatarError
from streaming.core.config import ServeConfig
from streaming.core.secret_files import TOKEN_SECRET
from streaming.security.access import AccessControl, AccessError


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv(TOKEN_SECRET, raising=False)
    file = tmp_path / "token.secret"
    file.write_text("0123456789abcdef0123456789abcdef\n")
    return str(file)


def request(host: str, origin: str | None = None, scheme: str = "http") -> Request:
    headers = {"host": host} | ({"origin": origin} if origin else {})
    raw = [(key.encode(), value.encode()) for key, value in headers.items()]
    return Request({"type": "http", "scheme": scheme, "path": "/", "headers": raw})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "", "example.org"])
def test_beyond_this_machine_https_and_tokens_are_needed(host: str, secret: str) -> None:
    with pytest.raises(AvatarError, match="--tls-cert"):
        AccessControl(ServeConfig(host=host, token_secret_file=secret))
    with pytest.raises(AvatarError, match="--token-secret-file"):
        AccessControl(ServeConfig(host=host, behind_proxy="127.0.0.1"))
    with pytest.raises(AvatarError, match="--token-secret-file"):
        AccessControl(ServeConfig(host=host, tls_cert=secret, tls_key=secret))
    assert AccessControl(
        ServeConfig(host=host, tls_cert=secret, tls_key=secret, token_secret_file=secret)
    )
    assert AccessControl(ServeConfig(host=host, behind_proxy="10.0.0.1", token_secret_file=secret))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_on_this_machine_nothing_is_needed(host: str, secret: str) -> None:
    assert not AccessControl(ServeConfig(host=host)).needs_token
    assert AccessControl(ServeConfig(host=host, token_secret_file=secret)).needs_token


def test_a_proxy_on_this_machine_makes_it_reachable(secret: str) -> None:
    with pytest.raises(AvatarError, match="--token-secret-file"):
        AccessControl(ServeConfig(behind_proxy="127.0.0.1"))
    access = AccessControl(ServeConfig(behind_proxy="127.0.0.1", token_secret_file=secret))
    access.check(request("example.org", scheme="https"))
    with pytest.raises(AccessError, match="https"):
        access.check(request("example.org"))


@pytest.mark.parametrize(
    ("host", "origin", "scheme", "passes"),
    [
        ("localhost:8080", None, "http", True),
        ("127.0.0.1:8080", "http://127.0.0.1:8080", "http", True),
        ("[::1]:8080", "http://[::1]:8080", "ws", True),
        ("localhost", "https://localhost", "wss", True),
        ("localhost", "http://localhost", "wss", False),
        ("localhost:8080", "http://localhost:8081", "http", False),
        ("localhost", "null", "http", False),
        ("localhost", "https://evil.example", "http", False),
        ("localhost", "https://friend.example", "http", True),
        ("evil.example", "http://evil.example", "http", False),
        ("evil.example:8080", None, "http", False),
        ("[", None, "http", False),
    ],
)
def test_pages_names_and_origins(host: str, origin: str | None, scheme: str, passes: bool) -> None:
    access = AccessControl(ServeConfig(allowed_origins=("https://friend.example",)))
    if passes:
        access.check(request(host, origin, scheme))
    else:
        with pytest.raises(AccessError):
            access.check(request(host, origin, scheme))
