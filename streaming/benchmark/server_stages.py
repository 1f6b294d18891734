"""Where the server says a picture's time went, over the stretch between two looks at `/metrics`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

STAGES = "avatar_stage_seconds"
TALK_STAGES = "avatar_talk_seconds"
LOOP_LAG = "avatar_event_loop_lag_seconds"
LOOP = "event loop lag"

Counts = Mapping[str, Mapping[float, float]]  # stage -> upper edge in seconds -> how many up to it


@dataclass(frozen=True)
class StageSpread:
    """Milliseconds; read off a histogram, so exact to the width of its buckets."""

    p50: float
    p95: float
    p99: float


def look(address: str) -> Counts:
    """What the server at `address` has counted until now."""
    with urlopen(f"{address}/metrics", timeout=10) as answer:
        return read(answer.read().decode())


def read(text: str) -> Counts:
    """The histograms of stages and of the event loop in Prometheus's text format."""
    found: dict[str, dict[float, float]] = {}
    for family in text_string_to_metric_families(text):
        if family.name not in (STAGES, TALK_STAGES, LOOP_LAG):
            continue
        for sample in family.samples:
            if sample.name.endswith("_bucket"):
                stage = sample.labels.get("stage", LOOP)
                edges, edge = found.setdefault(stage, {}), float(sample.labels["le"])
                edges[edge] = edges.get(edge, 0.0) + sample.value  # of all media workers
    return found


def between(before: Counts, after: Counts) -> dict[str, StageSpread]:
    """Percentiles of what was counted in between; stages that nothing passed are left out."""
    spreads = {}
    for stage, counts in after.items():
        earlier = before.get(stage, {})
        new = {edge: count - earlier.get(edge, 0) for edge, count in counts.items()}
        if new[math.inf]:
            p50, p95, p99 = (
                round(1000 * _percentile(new, share), 2) for share in (0.5, 0.95, 0.99)
            )
            spreads[stage] = StageSpread(p50, p95, p99)
    return spreads


def _percentile(counts: Mapping[float, float], share: float) -> float:
    """Seconds below which `share` of all lies, even within a bucket; at most the last edge."""
    wanted = share * counts[math.inf]
    edges = sorted(counts)
    if counts[edges[0]] >= wanted:
        return edges[0] * wanted / counts[edges[0]]
    for low, high in pairwise(edges):
        if counts[high] >= wanted:
            if math.isinf(high):
                return low
            return low + (high - low) * (wanted - counts[low]) / (counts[high] - counts[low])
    return edges[-2]
