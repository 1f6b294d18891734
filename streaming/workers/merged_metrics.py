"""`/metrics` of all workers in one page: what each counted, by worker; what is one, once."""

from collections.abc import Iterable, Iterator

from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

OF_THE_MACHINE = (
    "avatar_sessions_limit",
    "avatar_capacity",
    "avatar_delay_seconds",
    "avatar_renderer_up",
    "avatar_watermark_on",
    "avatar_label_on",
    "avatar_signature_on",
)  # gauges that all workers would tell alike: the one process before them tells them


def merged(own: str, workers: dict[int, str]) -> bytes:
    """One page of the pages of this process and of its workers, by number."""
    families: dict[str, Metric] = {}
    for family in text_string_to_metric_families(own):
        if any(sample.value for sample in family.samples):
            families[family.name] = family
    for number, page in workers.items():
        for family in text_string_to_metric_families(page):
            if family.name in OF_THE_MACHINE:
                continue
            into = families.setdefault(
                family.name, Metric(family.name, family.documentation, family.type)
            )
            into.samples += _labelled(family.samples, number)
    return generate_latest(_Found(families.values()))


def _labelled(samples: Iterable[Sample], worker: int) -> list[Sample]:
    return [one._replace(labels={**one.labels, "worker": str(worker)}) for one in samples]


class _Found(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families
