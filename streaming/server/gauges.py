"""What `/metrics` reads off the server at the moment somebody asks."""

import asyncio
import os
import threading
from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from streaming.core.mark_settings import MarkSettings
from streaming.core.process_stats import look_at, processor_seconds
from streaming.render.client import RenderClient
from streaming.server.session_manager import SessionManager


class ServerGauges(Collector):
    """Sessions, tasks, and what the server and its renderer hold of the machine."""

    def __init__(self, sessions: SessionManager, worker: RenderClient, marks: MarkSettings) -> None:
        self._marks = marks
        self._sessions = sessions
        self._renderer = worker

    def describe(self) -> Iterable[Metric]:
        """Nothing may be read before the server runs."""
        return []

    def collect(self) -> Iterator[Metric]:
        capacity = self._renderer.ready.capacity
        yield _gauge("avatar_sessions", "Calls now.", len(self._sessions))
        yield _gauge("avatar_sessions_limit", "Calls admitted at once.", self._sessions.limit)
        yield _gauge(
            "avatar_capacity", "Calls the machine was measured to carry.", capacity.callers
        )
        yield _gauge("avatar_delay_seconds", "Planned delay of every call.", self._sessions.delay)
        yield _gauge("avatar_renderer_up", "1 while the renderer runs.", self._renderer.running)
        yield _gauge("avatar_tasks", "Tasks of the event loop.", len(asyncio.all_tasks()))
        marks = self._marks
        yield _gauge("avatar_watermark_on", "1 if pictures are watermarked.", marks.watermark)
        yield _gauge("avatar_label_on", "1 if pictures are labelled.", marks.label)
        yield _gauge("avatar_signature_on", "1 if recordings are signed.", marks.signs_recordings)
        yield from self._processes()
        yield self._processor()

    def _processes(self) -> Iterator[Metric]:
        memory = GaugeMetricFamily("avatar_memory_bytes", "Resident memory.", labels=["process"])
        threads = GaugeMetricFamily("avatar_threads", "Threads.", labels=["process"])
        files = GaugeMetricFamily("avatar_open_files", "Files and sockets.", labels=["process"])
        for name, pid in (("server", os.getpid()), ("renderer", self._renderer.pid)):
            if facts := look_at(pid):
                memory.add_metric([name], facts.resident_bytes)
                threads.add_metric([name], facts.threads)
                files.add_metric([name], facts.files)
        yield from (memory, threads, files)

    def _processor(self) -> Metric:
        seconds = CounterMetricFamily(
            "avatar_processor_seconds", "Processor time.", labels=["process", "thread"]
        )
        server = os.getpid()
        loop = processor_seconds(server, threading.get_native_id())  # whose thread asks
        seconds.add_metric(["server", "event_loop"], loop)
        seconds.add_metric(["server", "executors"], processor_seconds(server) - loop)
        seconds.add_metric(["renderer", "all"], processor_seconds(self._renderer.pid))
        return seconds


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value)
