"""A real server on a real port, in a thread of the test, with the speakers the test chooses."""

import functools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from PIL import Image

from streaming.core.config import ServeConfig
from streaming.render.client import RenderClient
from streaming.render.renderer import FindSpeakers, Speakers
from streaming.server.app import create_app
from streaming.server.serve import server_settings
from tests.streaming.support.level_bar import find_bars


@dataclass
class LiveServer:
    address: str

    def sessions(self) -> int:
        return int(httpx.get(f"{self.address}/healthz", verify=False).json()["sessions"])


def bars(folder: Path, find_in: Callable[[Path], Speakers] = find_bars) -> FindSpeakers:
    """Two level bars, whose previews are in `folder`."""
    for name, shade in (("bar", 90), ("pale", 160)):
        Image.new("RGB", (512, 512), (shade, shade, shade)).save(folder / f"{name}.jpg")
    return functools.partial(find_in, folder)


@contextmanager
def serving_bars(
    folder: Path,
    config: ServeConfig | None = None,
    listen_on: str = "127.0.0.1",
    find_in: Callable[[Path], Speakers] = find_bars,
) -> Iterator[LiveServer]:
    """Serve two level bars; `folder` takes their previews."""
    with serving(bars(folder, find_in), config or ServeConfig(), listen_on) as server:
        yield server


@contextmanager
def serving(
    find: FindSpeakers, config: ServeConfig, listen_on: str = "127.0.0.1"
) -> Iterator[LiveServer]:
    worker = RenderClient(find)
    listener = socket.create_server((listen_on, 0))
    server = uvicorn.Server(server_settings(config, create_app(config, worker)))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    address = config.address(listener.getsockname()[1])
    try:
        httpx.get(f"{address}/healthz", timeout=20, verify=False)
        yield LiveServer(address)
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "the server did not stop"
