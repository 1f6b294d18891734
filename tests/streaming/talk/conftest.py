"""Services of conversations."""

from collections.abc import Iterator

import pytest

from tests.streaming.support.model_server import ModelServer, serving_models


@pytest.fixture
def models() -> Iterator[ModelServer]:
    """A real server of OpenAI's protocol, for one test."""
    with serving_models() as models:
        yield models
