"""The page over https, with and without the token that lets it in."""

from typing import Any

import pytest

from streaming.core.config import ServeConfig
from tests.streaming.support.browser import first_picture
from tests.streaming.support.certificate import make_certificate
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.polling import wait_until
from tests.streaming.support.stranger import token


@pytest.fixture(scope="module")
def server_config(tmp_path_factory: pytest.TempPathFactory, token_secret_file: str) -> ServeConfig:
    cert, key = make_certificate(tmp_path_factory.mktemp("https"))
    return ServeConfig(tls_cert=cert, tls_key=key, token_secret_file=token_secret_file)


@pytest.fixture(scope="module")
def page(browser: Any) -> Any:
    return browser.new_context(ignore_https_errors=True).new_page()


def test_a_link_with_a_token_makes_the_call_and_the_token_is_in_no_address(
    server: LiveServer, page: Any
) -> None:
    shown = token(speaker="pale")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.goto(f"{server.address}/#token={shown}")
    wait_until(lambda: page.locator("#gallery button").count() == 1, 10)
    assert page.inner_text("#gallery") == "pale"
    page.click("#start")
    first_picture(page)
    page.click("#stop")
    wait_until(lambda: server.sessions() == 0, 5)
    assert any(address.startswith("wss:") for address in asked)
    sent = [address.partition("#")[0] for address in asked]
    assert not [address for address in sent if shown in address]


@pytest.mark.parametrize("seconds", [None, -1])
def test_without_a_good_one_the_page_says_what_is_needed(
    server: LiveServer, page: Any, seconds: float | None
) -> None:
    page.goto("about:blank")
    page.goto(server.address + (f"/#token={token(seconds=seconds)}" if seconds else "/"))
    wait_until(lambda: page.is_visible("#notice"), 10)
    assert page.inner_text("#notice-title") == "A valid link is needed"
    page.click("#notice-action")
    page.click("#start")
    wait_until(lambda: page.is_visible("#notice"), 10)
    assert page.inner_text("#notice-title") == "A valid link is needed"
    assert "token" in page.inner_text("#notice-text")
    assert server.sessions() == 0
