"""A real server for everything that is thrown at it, and a log for what it should not say."""

import gc
import logging
from collections.abc import Iterator

import pytest

from streaming.core.config import ServeConfig
from streaming.core.limits import Limits
from tests.fuzz.profile import memory_bounded
from tests.streaming.support.server_fixture import server as server
from tests.streaming.support.server_fixture import speakers as speakers

LIMITS = Limits(connecting_s=5, messages_per_second=10_000)


class ErrorLog(logging.Handler):
    """Keeps what is logged as an error, or with a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or record.levelno >= logging.ERROR:
            self.lines.append(logging.Formatter().format(record))


@pytest.fixture(scope="module", autouse=True)
def error_log() -> Iterator[ErrorLog]:
    error_log = ErrorLog()
    logging.getLogger().addHandler(error_log)
    with memory_bounded():
        yield error_log
    gc.collect()  # a task whose error nobody took says so when it is collected
    logging.getLogger().removeHandler(error_log)
    assert not error_log.lines, "\n".join(error_log.lines)


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig(max_sessions=8, limits=LIMITS)
