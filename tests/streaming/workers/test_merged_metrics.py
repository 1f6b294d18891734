"""One page of metrics for all workers."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from streaming.benchmark.server_stages import between, read
from streaming.workers.merged_metrics import merged


def page(calls: int, limit: int = 8) -> str:
    registry = CollectorRegistry()
    Counter("avatar_sessions_opened", "x", registry=registry).inc(calls)
    Gauge("avatar_sessions_limit", "x", registry=registry).set(limit)
    stages = Histogram(
        "avatar_stage_seconds", "x", ["stage"], buckets=(0.01, 0.02), registry=registry
    )
    for _ in range(calls):
        stages.labels("render").observe(0.015)
    return generate_latest(registry).decode()


def samples(text: bytes) -> list[tuple[str, dict[str, str], float]]:
    families = text_string_to_metric_families(text.decode())
    return [(one.name, one.labels, one.value) for family in families for one in family.samples]


def test_what_each_worker_counted_stands_by_its_number() -> None:
    found = samples(merged(page(0), {0: page(3), 1: page(5)}))
    opened = [one for one in found if one[0] == "avatar_sessions_opened_total"]
    assert opened == [
        ("avatar_sessions_opened_total", {"worker": "0"}, 3),
        ("avatar_sessions_opened_total", {"worker": "1"}, 5),
    ]


def test_what_the_machine_has_one_of_stands_there_once() -> None:
    found = samples(merged(page(0, limit=8), {0: page(1), 1: page(1)}))
    assert [one for one in found if one[0] == "avatar_sessions_limit"] == [
        ("avatar_sessions_limit", {}, 8)
    ]


def test_stages_of_all_workers_are_one_spread() -> None:
    spread = between({}, read(merged(page(0), {0: page(30), 1: page(10)}).decode()))
    assert 10 < spread["render"].p50 < 20


def test_a_worker_that_is_away_is_left_out() -> None:
    found = samples(merged(page(0), {1: page(2)}))
    assert {labels.get("worker") for _, labels, _ in found} == {"1", None}
