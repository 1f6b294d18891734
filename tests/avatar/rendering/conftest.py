"""Speakers shared by the rendering tests."""

from pathlib import Path

import pytest

from avatar.speakers.speaker import Speaker, load_speaker
from tests.tiny_speaker import make_tiny_bundle


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("speakers") / "tiny")


@pytest.fixture(scope="session")
def tiny_paper_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("speakers") / "tiny-paper", "paper")


@pytest.fixture(scope="session")
def tiny(tiny_bundle: Path) -> Speaker:
    return load_speaker(tiny_bundle)


@pytest.fixture(scope="session")
def tiny_paper(tiny_paper_bundle: Path) -> Speaker:
    return load_speaker(tiny_paper_bundle)
