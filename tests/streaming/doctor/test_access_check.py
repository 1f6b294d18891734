from pathlib import Path

import pytest

from streaming.core.config import ServeConfig
from streaming.core.secret_files import TOKEN_SECRET
from streaming.doctor.access_check import check_access
from tests.streaming.support.certificate import make_certificate


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_SECRET, "0123456789abcdef0123456789abcdef")


@pytest.mark.parametrize(
    ("days", "verdict", "word"),
    [
        (90, "note", "signed by itself"),
        (3, "note", "renew it soon"),
        (-3, "bad", "browsers refuse"),
    ],
)
def test_a_certificate_that_ends_is_told_in_time(
    tmp_path: Path, days: int, verdict: str, word: str
) -> None:
    cert, key = make_certificate(tmp_path, days)
    https, way_in = check_access(ServeConfig(host="0.0.0.0", tls_cert=cert, tls_key=key))
    assert (https.what, https.verdict) == ("https", verdict)
    assert word in https.words
    assert way_in.verdict == "good"


def test_a_key_of_another_certificate_is_told(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    cert, _ = make_certificate(tmp_path)
    _, key = make_certificate(tmp_path / "other")
    https, _ = check_access(ServeConfig(host="0.0.0.0", tls_cert=cert, tls_key=key))
    assert https.verdict == "bad"


def test_an_open_server_is_told() -> None:
    (way_in,) = check_access(ServeConfig(host="0.0.0.0"))
    assert way_in.verdict == "bad"
    assert "--tls-cert" in way_in.words
