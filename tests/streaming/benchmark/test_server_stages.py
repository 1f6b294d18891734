"""Percentiles of what a server counted between two looks."""

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from streaming.benchmark.server_stages import LOOP, between, read


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_only_what_came_in_between_counts(registry: CollectorRegistry) -> None:
    stage = Histogram(
        "avatar_stage_seconds", "x", ["stage"], buckets=(0.01, 0.02, 0.04), registry=registry
    )
    render, sound = stage.labels("render"), stage.labels("sound")
    for _ in range(50):
        render.observe(0.5)
        sound.observe(0.005)
    before = read(generate_latest(registry).decode())
    for number in range(100):
        render.observe(0.01 + 0.0001 * (number + 0.5))  # evenly from 10 to 20 ms
    found = between(before, read(generate_latest(registry).decode()))
    assert set(found) == {"render"}
    assert found["render"].p50 == pytest.approx(15, abs=0.2)
    assert found["render"].p99 == pytest.approx(19.9, abs=0.2)


def test_the_event_loop_and_what_lies_beyond_the_last_edge(registry: CollectorRegistry) -> None:
    lag = Histogram("avatar_event_loop_lag_seconds", "x", buckets=(0.001, 0.005), registry=registry)
    other = Histogram("avatar_skew_seconds", "x", registry=registry)
    for _ in range(90):
        lag.observe(0.0005)
        other.observe(1)
    for _ in range(10):
        lag.observe(2)
    found = between({}, read(generate_latest(registry).decode()))
    assert set(found) == {LOOP}
    assert found[LOOP].p50 == pytest.approx(0.56, abs=0.01)
    assert found[LOOP].p99 == 5  # at least: no edge lies beyond
