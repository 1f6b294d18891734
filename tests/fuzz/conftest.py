"""A real server for everything that is thrown at it, and an ear for what it should not say."""

import gc
import logging
from collections.abc import Iterator

import pytest

from streaming.core.config import ServeConfig
from streaming.core.limits import Limits
from tests.fuzz.profile import memory_bounded
from tests.streaming.support.live_server import LiveServer, serving_bars

LIMITS = Limits(connecting_s=5, messages_per_second=10_000)


class StreamingEncoder(logging.Handler):
    """Keeps what is logged as an error, or with a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or record.levelno >= logging.ERROR:
            self.heard.append(logging.Formatter().format(record))


@pytest.fixture(scope="module")
def ear() -> Iterator[StreamingEncoder]:
    ear = StreamingEncoder()
    logging.getLogger().addHandler(ear)
    with memory_bounded():
        yield ear
    gc.collect()  # a task whose error nobody took says so when it is collected
    logging.getLogger().removeHandler(ear)
    assert not ear.heard, "\n".join(ear.heard)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, ear: StreamingEncoder) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("fuzz")
    with serving_bars(folder, ServeConfig(max_sessions=8, limits=LIMITS)) as server:
        yield server
        assert not ear.heard, "\n".join(ear.heard)
