"""What the process with the public address adds to `/metrics`."""

from collections.abc import Iterable, Iterator

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from streaming.server.gauges import machine_gauges, process_metrics
from streaming.workers.front_state import FrontState


class FrontGauges(Collector):
    """What the machine has one of, and what this process and the renderer hold."""

    def __init__(self, front: FrontState) -> None:
        self._front = front

    def describe(self) -> Iterable[Metric]:
        """Nothing may be read before the server runs."""
        return []

    def collect(self) -> Iterator[Metric]:
        front = self._front
        yield from machine_gauges(front.limit, front.renderer, front.config.marks)
        yield from process_metrics(front.renderer)
