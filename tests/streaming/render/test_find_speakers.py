"""Which speakers a renderer offers, and what calls must leave time for."""

from pathlib import Path

import pytest

from streaming.render.find_speakers import find_speakers
from tests.tiny_speaker import make_tiny_bundle


def test_calls_leave_time_for_the_speaker_that_hears_furthest_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trained_speakers.__path__", [str(tmp_path)])
    monkeypatch.chdir(tmp_path)
    make_tiny_bundle(tmp_path / "prompt", lookahead=1)
    assert find_speakers("prompt", "cpu").lookahead == 1
    make_tiny_bundle(tmp_path / "late", lookahead=2)
    found = find_speakers("prompt", "cpu")
    assert set(found.previews) == {"prompt", "late"}
    assert found.lookahead == 2
