"""What the process with the public address adds to `/metrics`."""

from collections.abc import Iterable, Iterator

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from streaming.core.config import ServeConfig
from streaming.render.client import RenderClient
from streaming.server.gauges import machine_gauges, process_metrics


class FrontGauges(Collector):
    """What the machine has one of, and what this process and the renderer hold."""

    def __init__(self, config: ServeConfig, renderer: RenderClient) -> None:
        self._config = config
        self._renderer = renderer

    def describe(self) -> Iterable[Metric]:
        """Nothing may be read before the server runs."""
        return []

    def collect(self) -> Iterator[Metric]:
        yield from machine_gauges(self._config.max_sessions, self._renderer, self._config.marks)
        yield from process_metrics(self._renderer)
