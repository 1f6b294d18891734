"""Callers in processes of their own, against a real server."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from avatar.errors import AvatarError
from streaming.benchmark.load_benchmark import LEAST_FPS, LoadPlan, held, measure_load
from streaming.benchmark.load_caller import CallCount
from streaming.commands.load_bench import bench_load
from streaming.core.config import ServeConfig
from tests.streaming.support.live_server import LiveServer

SMOOTH = CallCount(20, 25.0, 0, 0, 0, 0, 62.0, 0, "")


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig(max_sessions=2)


def test_calls_are_counted_and_the_server_beside_them(
    server: LiveServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "load.json"
    with pytest.raises(typer.Exit):
        bench_load(2, 2, (), server.address, "", file)
    run = json.loads(file.read_text())
    assert run["limit"] == 2
    for call in run["calls"]:
        assert call["fps"] > 10
        assert call["longest_gap_ms"] >= 40
        assert not call["ended"]
    assert run["cores"]["server event_loop"] > 0
    assert run["cores"]["callers"] > 0
    assert run["stages"]["render"]["p50"] > 0
    said = " ".join(capsys.readouterr().out.split())
    assert "longest gap" in said
    assert "2 calls; it was measured to carry" in said
    assert server.sessions() == 0


def test_one_call_too_many_is_said(server: LiveServer) -> None:
    with pytest.raises(AvatarError, match=r"refused a call: .*full \(2 calls\)"):
        measure_load(LoadPlan(3, 1, url=server.address))


def test_a_server_that_is_not_there_is_said() -> None:
    with pytest.raises(AvatarError, match="gave up"):
        measure_load(LoadPlan(1, 1, url="http://127.0.0.1:9"))


@pytest.mark.parametrize(
    "spoilt",
    [
        {"fps": LEAST_FPS - 0.1},
        {"freezes": 1},
        {"repeated_freezes": 1},
        {"ended": "the server is stopping"},
    ],
)
def test_a_call_that_suffered_was_not_held(spoilt: dict[str, object]) -> None:
    assert held(SMOOTH)
    assert not held(replace(SMOOTH, **spoilt))  # type: ignore[arg-type]
