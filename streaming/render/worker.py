"""The process that renders, so that neither its Python nor its libraries hold up the event loop.

It speaks with `RenderClient` in pickled tuples over one socket, and puts pictures into memory that
both share. A speaker is loaded in a thread beside the rendering.
"""

import logging
import signal
import socket
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from avatar.errors import AvatarError
from streaming.core import logs
from streaming.core.logs import LogSettings
from streaming.render.batcher import Batcher, Rendered
from streaming.render.capacity import Capacity, measure
from streaming.render.renderer import I420, FindSpeakers, Renderer, Speakers

log = logging.getLogger(__name__)

KEPT = 4  # speakers held ready at once
SLOTS = 4  # pictures of one caller in shared memory: it is told of each and copies it at once


@dataclass(frozen=True)
class Ready:
    """What the process says of itself once it can render."""

    first: str
    previews: dict[str, Path]
    capacity: Capacity


def picture_bytes(size: tuple[int, int]) -> int:
    """Bytes of one I420 picture of (width, height)."""
    return size[0] * size[1] * 3 // 2


def slot(memory: SharedMemory, size: tuple[int, int], number: int) -> I420:
    """The place of picture `number` in a caller's shared memory."""
    width, height = size
    offset = number % SLOTS * picture_bytes(size)
    return np.ndarray((height * 3 // 2, width), np.uint8, memory.buf, offset)


def run(find: FindSpeakers, server: socket.socket, logging_as: LogSettings) -> None:
    """Render for the process at the other end of `server` until it closes it."""
    connection = Connection(server.detach())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the server says when
    logs.set_up(logging_as)
    try:
        speakers = find()
        first = speakers.load(speakers.first)
        connection.send(("ready", Ready(speakers.first, speakers.previews, measure(first))))
    except AvatarError as error:
        connection.send(("refused", str(error)))
        return
    process = RenderWorker(connection, speakers, {speakers.first: first})
    try:
        process.run()
    except (EOFError, ConnectionError):
        pass  # the server is gone
    finally:
        process.close()


class RenderWorker:
    """Takes messages, renders what is due, tells what became of it."""

    def __init__(
        self, connection: Connection, speakers: Speakers, ready: dict[str, Renderer]
    ) -> None:
        self._connection = connection
        self._load = speakers.load
        self._ready: OrderedDict[str, Renderer] = OrderedDict(ready)
        self._batches = Batcher(speakers.step_together)
        self._shared: dict[int, tuple[SharedMemory, tuple[int, int]]] = {}
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="speaker-loader")
        self._sending = Lock()

    def run(self) -> None:
        while True:
            if not self._batches.waiting:
                self._connection.poll(None)
            while self._connection.poll(0):
                self._take(self._connection.recv())
            for step in self._batches.step():
                results = [self._put(rendered) for rendered in step.rendered]
                self._send("stepped", step.seconds, results, step.failed)

    def close(self) -> None:
        self._loader.shutdown(wait=False, cancel_futures=True)
        for caller in list(self._shared):
            self._unshare(caller)

    def _take(self, message: tuple[Any, ...]) -> None:
        match message:
            case ("chunk", caller, number, chunk):
                self._batches.add(caller, number, chunk)
            case ("prepare", speaker):
                self._loader.submit(self._prepare, speaker)
            case ("join", caller, speaker, memory):
                self._join(caller, speaker, memory)
            case ("leave", caller):
                self._batches.leave(caller)
                self._unshare(caller)

    def _prepare(self, speaker: str) -> None:
        """Runs in the loader's thread, so that callers of other speakers go on."""
        try:
            renderer = self._ready.get(speaker) or self._load(speaker)
        except AvatarError as error:
            self._send("unprepared", speaker, str(error))
            return
        except Exception:  # a folder taken away half read, a device without memory: callers wait
            log.exception("speaker %s could not be loaded", speaker)
            self._send("unprepared", speaker, f"speaker {speaker} cannot be shown now")
            return
        self._ready[speaker] = renderer
        self._ready.move_to_end(speaker)
        while len(self._ready) > KEPT:
            self._ready.popitem(last=False)  # callers who still use it hold it themselves
        self._send("prepared", speaker, renderer.size)

    def _join(self, caller: int, speaker: str, memory: str) -> None:
        renderer = self._ready[speaker]
        self._unshare(caller)
        self._shared[caller] = (SharedMemory(memory), renderer.size)
        self._batches.join(caller, renderer)

    def _put(self, rendered: Rendered) -> tuple[int, int, str]:
        """(caller, frame of the picture, name of the memory it is in, "" if there is none)."""
        if rendered.picture is None or rendered.caller not in self._shared:
            return rendered.caller, rendered.frame, ""
        memory, size = self._shared[rendered.caller]
        slot(memory, size, rendered.frame)[:] = rendered.picture
        return rendered.caller, rendered.frame, memory.name

    def _unshare(self, caller: int) -> None:
        if caller in self._shared:
            self._shared.pop(caller)[0].close()

    def _send(self, *message: Any) -> None:
        with self._sending:
            self._connection.send(message)
