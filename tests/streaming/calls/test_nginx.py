"""The page behind a real nginx: as documented, below a path, and as it was once documented."""

import logging
from pathlib import Path
from typing import Any

import pytest

from streaming.core.config import ServeConfig
from tests.streaming.support.browser import first_picture
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.nginx import documented_block, nginx
from tests.streaming.support.stranger import token
from tests.support import need


@pytest.fixture(scope="module")
def server_config(token_secret_file: str) -> ServeConfig:
    need("nginx")
    return ServeConfig(token_secret_file=token_secret_file, behind_proxy="127.0.0.1")


def block(server: LiveServer) -> str:
    return documented_block().replace("http://127.0.0.1:8080", server.address)


def visit(browser: Any, address: str, path: str = "") -> Any:
    page = browser.new_context(ignore_https_errors=True).new_page()
    page.goto(f"{address}/{path}#token={token('view' if path else 'talk')}")
    return page


def test_the_documented_block_carries_a_call_on_any_port_and_below_a_path(
    server: LiveServer, browser: Any, tmp_path: Path
) -> None:
    below = block(server).replace("location /", "location /human/")
    below = below.replace(f"{server.address};", f"{server.address}/;")
    with nginx(tmp_path, block(server) + below) as address:
        for path in ("", "/human"):
            page = visit(browser, address + path)
            page.click("#start")
            first_picture(page, 20)
            page.click("#stop")


def test_a_proxy_that_hides_the_port_is_named_on_the_page_and_in_the_log(
    server: LiveServer, browser: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        nginx(tmp_path, block(server).replace("$http_host", "$host")) as address,
        caplog.at_level(logging.WARNING, "streaming.security.access"),
    ):
        page = visit(browser, address)
        if page.locator("#unstarted").count():
            page.wait_for_selector("#unstarted", state="visible")
            assert "reverse proxy" in page.inner_text("#unstarted")
        else:
            page.click("#start")
            page.wait_for_selector("#notice:not([hidden])")
            assert address in page.inner_text("#notice")
    (line,) = caplog.messages
    assert address in line
    assert "$http_host" in line
    assert "--allow-origin" in line


def test_a_view_behind_such_a_proxy_says_why_it_shows_nothing(
    server: LiveServer, browser: Any, tmp_path: Path
) -> None:
    with nginx(tmp_path, block(server).replace("$http_host", "$host")) as address:
        view = visit(browser, address, "view")
        view.wait_for_selector("#refused", state="visible")
        words = view.inner_text("#refused")
        assert address in words or "reverse proxy" in words
