"""A real server of several media workers, its front in a thread of the test."""

import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import uvicorn

from streaming.core.config import ServeConfig
from streaming.render.client import RenderClient
from streaming.server.serve import server_settings
from streaming.workers.addresses import RENDERER
from streaming.workers.front import create_front
from streaming.workers.media_worker import WorkerPlace
from streaming.workers.worker_pool import WorkerPool
from tests.streaming.support.live_server import LiveServer, bars
from tests.streaming.support.scrape import scrape


@dataclass
class LiveWorkers(LiveServer):
    pool: WorkerPool
    renderer: RenderClient

    def calls(self) -> list[float]:
        """Of each worker, as `/metrics` tells."""
        found = scrape(self.address)
        numbers = range(len(self.pool.workers))
        return [found.get(f'avatar_sessions{{worker="{number}"}}', 0.0) for number in numbers]


@contextmanager
def serving_workers(folder: Path, config: ServeConfig, count: int = 2) -> Iterator[LiveWorkers]:
    """Serve two level bars by so many workers; `folder` takes their previews."""
    with tempfile.TemporaryDirectory() as private:
        shared_at = str(Path(private) / RENDERER)
        renderer = RenderClient(bars(folder), shared_at=shared_at)
        config = replace(config, max_sessions=config.max_sessions or 8)
        places = [WorkerPlace(config, Path(private), number, count) for number in range(count)]
        pool = WorkerPool(places)
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(server_settings(config, create_front(config, renderer, pool)))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        address = config.address(listener.getsockname()[1])
        try:
            httpx.get(f"{address}/healthz", timeout=60)
            yield LiveWorkers(address, pool, renderer)
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive(), "the server did not stop"
