"""The server of a test module; a module that wants another one gives other settings or speakers."""

from collections.abc import Iterator

import pytest

from streaming.core.config import ServeConfig
from streaming.render.renderer import FindSpeakers
from tests.streaming.support.live_server import LiveServer, bars, serving


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig()


@pytest.fixture(scope="module")
def speakers(tmp_path_factory: pytest.TempPathFactory) -> FindSpeakers:
    return bars(tmp_path_factory.mktemp("bars"))


@pytest.fixture(scope="module")
def server(speakers: FindSpeakers, server_config: ServeConfig) -> Iterator[LiveServer]:
    with serving(speakers, server_config) as server:
        yield server
