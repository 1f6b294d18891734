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
from streaming.media.avatar_stream import stream_delay
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
        yield gauge("avatar_sessions", "Calls now.", len(self._sessions))
        yield gauge("avatar_tasks", "Tasks of the event loop.", len(asyncio.all_tasks()))
        yield from machine_gauges(self._sessions.limit, self._renderer, self._marks)
        yield from process_metrics(self._renderer)


def machine_gauges(limit: int, renderer: RenderClient, marks: MarkSettings) -> Iterator[Metric]:
    """What a machine has one of, however many processes serve; `limit`: calls admitted."""
    capacity = renderer.capacity
    yield gauge("avatar_sessions_limit", "Calls admitted at once.", limit)
    yield gauge("avatar_capacity", "Calls the machine carries, as it is now.", capacity.callers)
    delay = stream_delay(renderer.lookahead, renderer.budget)
    yield gauge("avatar_delay_seconds", "Planned delay of the next call.", delay)
    yield gauge("avatar_renderer_up", "1 while the renderer runs.", renderer.running)
    yield gauge("avatar_watermark_on", "1 if pictures are watermarked.", marks.watermark)
    yield gauge("avatar_label_on", "1 if pictures are labelled.", marks.label)
    yield gauge("avatar_signature_on", "1 if recordings are signed.", marks.signs_recordings)


def process_metrics(renderer: RenderClient) -> Iterator[Metric]:
    """What this process, and its renderer if it owns one, hold of the machine and have used.

    To be asked on the event loop's thread.
    """
    memory = GaugeMetricFamily("avatar_memory_bytes", "Resident memory.", labels=["process"])
    threads = GaugeMetricFamily("avatar_threads", "Threads.", labels=["process"])
    files = GaugeMetricFamily("avatar_open_files", "Files and sockets.", labels=["process"])
    seconds = CounterMetricFamily(
        "avatar_processor_seconds", "Processor time.", labels=["process", "thread"]
    )
    server = os.getpid()
    loop = processor_seconds(server, threading.get_native_id())
    seconds.add_metric(["server", "event_loop"], loop)
    seconds.add_metric(["server", "executors"], processor_seconds(server) - loop)
    owned = [("renderer", renderer.pid)] if renderer.owned else []
    for name, pid in [("server", server), *owned]:
        if facts := look_at(pid):
            memory.add_metric([name], facts.resident_bytes)
            threads.add_metric([name], facts.threads)
            files.add_metric([name], facts.files)
    for name, pid in owned:
        seconds.add_metric([name, "all"], processor_seconds(pid))
    yield from (memory, threads, files, seconds)


def gauge(name: str, text: str, value: float) -> Metric:
    """A number of the moment."""
    return GaugeMetricFamily(name, text, value)
