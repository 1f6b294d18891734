"""What the page says once nobody may be shown any more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.streaming.support.browser import first_picture
from tests.streaming.support.level_bar import find_withdrawable_bars
from tests.streaming.support.live_server import LiveServer, serving_bars
from tests.streaming.support.polling import wait_until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    with serving_bars(tmp_path, find_in=find_withdrawable_bars) as server:
        yield server


def test_a_call_ends_with_the_reason_and_the_page_shows_nobody(
    server: LiveServer, browser: Any, tmp_path: Path
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.address)
    page.click("#start")
    first_picture(page, 30)
    (tmp_path / "pale.withdrawn").write_text("pale was withdrawn")
    (tmp_path / "bar.withdrawn").write_text("bar was withdrawn: she asked")
    title = page.locator("#notice-title")
    wait_until(lambda: title.inner_text() == "This face may no longer be shown", 30)
    wait_until(lambda: page.locator("#gallery button").count() == 0, 30)
    assert page.inner_text("#notice-text") == "bar was withdrawn: she asked"
    page.reload()
    wait_until(lambda: title.inner_text() == "This face may no longer be shown", 30)
    assert page.locator("img[src^=blob]").count() == 0
    context.close()
