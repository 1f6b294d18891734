"""A real server on a real port, in a thread of the test, with renderers the test chooses."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn

from streaming.capacity import Capacity
from streaming.commands.serve import server_settings
from streaming.config import ServeConfig
from streaming.renderer import LoadRenderer
from streaming.renderer_pool import RendererPool
from streaming.server import create_app
from streaming.speakers import Gallery
from tests.streaming.level_bar import LevelBar

QUICK = Capacity(picture=0.005, encode=0.002, callers=4, budget=0.02)


@dataclass
class LiveServer:
    address: str

    def sessions(self) -> int:
        return int(httpx.get(f"{self.address}/healthz").json()["sessions"])


def load_bar(name: str) -> LevelBar:
    return LevelBar(90 if name == "bar" else 160)


def bar_gallery(folder: Path) -> Gallery:
    from PIL import Image

    previews = {}
    for name, shade in (("bar", 90), ("pale", 160)):
        file = folder / f"{name}.jpg"
        Image.new("RGB", (512, 512), (shade, shade, shade)).save(file)
        previews[name] = file
    return Gallery(previews)


@contextmanager
def serving(
    gallery: Gallery,
    load: LoadRenderer = load_bar,
    capacity: Capacity = QUICK,
    config: ServeConfig | None = None,
) -> Iterator[LiveServer]:
    config = config or ServeConfig(speaker="bar")
    pool = RendererPool(load)
    pool.preload(config.speaker)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(server_settings(config, create_app(config, gallery, pool, capacity)))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        httpx.get(f"{address}/healthz", timeout=20)
        yield LiveServer(address)
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "the server did not stop"
