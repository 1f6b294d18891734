"""The page over https, with and without the token that lets it in."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from streaming.core.config import ServeConfig
from streaming.security.tokens import Grant, TokenSigner
from tests.sounds import beeps, write_wav
from tests.streaming.support.browser import chromium, first_picture
from tests.streaming.support.certificate import make_certificate
from tests.streaming.support.live_server import LiveServer, serving_bars
from tests.streaming.support.polling import wait_until
from tests.support import need

SECRET = b"0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("https")
    (folder / "token.secret").write_bytes(SECRET)
    cert, key = make_certificate(folder)
    config = ServeConfig(tls_cert=cert, tls_key=key, token_secret_file=str(folder / "token.secret"))
    with serving_bars(folder, config) as server:
        yield server


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    need("chromium", "playwright")
    with chromium(write_wav(tmp_path_factory.mktemp("sound") / "beeps.wav", beeps(4))) as browser:
        yield browser.new_context(ignore_https_errors=True).new_page()


def test_a_link_with_a_token_makes_the_call_and_the_token_is_in_no_address(
    server: LiveServer, page: Any
) -> None:
    token = TokenSigner(SECRET).sign(Grant("pale", "talk", time.time() + 600))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.goto(f"{server.address}/#token={token}")
    wait_until(lambda: page.locator("#gallery button").count() == 1, 10)
    assert page.inner_text("#gallery") == "pale"
    page.click("#start")
    first_picture(page)
    page.click("#stop")
    wait_until(lambda: server.sessions() == 0, 5)
    assert any(address.startswith("wss:") for address in asked)
    sent = [address.partition("#")[0] for address in asked]
    assert not [address for address in sent if token in address]


@pytest.mark.parametrize("seconds", [None, -1])
def test_without_a_good_one_the_page_says_what_is_needed(
    server: LiveServer, page: Any, seconds: float | None
) -> None:
    grant = Grant("pale", "talk", time.time() + (seconds or 0))
    page.goto("about:blank")
    page.goto(server.address + (f"/#token={TokenSigner(SECRET).sign(grant)}" if seconds else "/"))
    wait_until(lambda: page.is_visible("#notice"), 10)
    assert page.inner_text("#notice-title") == "A valid link is needed"
    page.click("#notice-action")
    page.click("#start")
    wait_until(lambda: page.is_visible("#notice"), 10)
    assert page.inner_text("#notice-title") == "A valid link is needed"
    assert "token" in page.inner_text("#notice-text")
    assert server.sessions() == 0
