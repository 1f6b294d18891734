"""Motion as data: the example page in real Chromium, its drawn head in step with the face."""

from typing import Any

import pytest

from streaming.core.config import ServeConfig
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.polling import wait_until

NUMBERS = "document.getElementById('numbers').textContent"
OPENINGS = """async () => {
  const seen = new Set();
  for (let i = 0; i < 60; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const found = document.getElementById('numbers').textContent.match(/jawOpen ([\\d.]+)/);
    if (found) seen.add(Number(found[1]));
  }
  return [...seen];
}"""


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig(motion=True)


def test_the_drawn_head_opens_its_mouth_with_the_voice(browser: Any, server: LiveServer) -> None:
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{server.address}/motion.html")
    page.click("#speak")
    wait_until(lambda: "jawOpen" in page.evaluate(NUMBERS), 15)
    openings = page.evaluate(OPENINGS)
    assert max(openings) > 0.2
    assert min(openings) < 0.05
    page.click("#stop")
    assert not problems
    page.close()
