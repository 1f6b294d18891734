"""The process that renders, so that neither its Python nor its libraries hold up the event loop.

It speaks with `RenderClient` in the messages of `messages.py`, and puts pictures into memory that
both share. A speaker is loaded in a thread beside the rendering; another looks who may still be
shown.
"""

import contextlib
import logging
import signal
import socket
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from threading import Event, Lock, Thread

import numpy as np

from avatar.errors import AvatarError, DeviceLost
from streaming.core import logs
from streaming.core.logs import LogSettings
from streaming.render.batcher import Batcher, Rendered
from streaming.render.capacity import measure
from streaming.render.messages import (
    Drawn,
    FromWorker,
    JoinCaller,
    LeaveCaller,
    PrepareSpeaker,
    Ready,
    Refused,
    RenderChunk,
    Size,
    SpeakerFailed,
    SpeakerPrepared,
    SpeakersRefused,
    Stepped,
    ToWorker,
)
from streaming.render.renderer import I420, FindSpeakers, Renderer, Speakers

log = logging.getLogger(__name__)

MAX_READY_SPEAKERS = 4  # speakers held ready at once
LOOK_INTERVAL_S = 5.0  # between looks who may still be shown
PICTURE_SLOTS = 4  # of one caller in shared memory: it is told of each and copies it at once


def picture_bytes(size: Size) -> int:
    """Bytes of one I420 picture of (width, height)."""
    return size[0] * size[1] * 3 // 2


def slot(memory: SharedMemory, size: Size, number: int) -> I420:
    """The place of picture `number` in a caller's shared memory."""
    width, height = size
    offset = number % PICTURE_SLOTS * picture_bytes(size)
    return np.ndarray((height * 3 // 2, width), np.uint8, memory.buf, offset)


def run(find: FindSpeakers, server: socket.socket, logging_as: LogSettings) -> None:
    """Render for the process at the other end of `server` until it closes it."""
    connection = Connection(server.detach())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the server says when
    logs.set_up(logging_as)
    try:
        speakers = find()
        first = speakers.load(speakers.first)
        connection.send(Ready(speakers.first, speakers.previews, measure(first), speakers.consents))
    except (AvatarError, DeviceLost) as error:
        connection.send(Refused(str(error)))
        return
    process = RenderWorker(connection, speakers, {speakers.first: first})
    try:
        process.run()
    except (EOFError, ConnectionError):
        pass  # the server is gone
    except DeviceLost as error:  # the server starts this process again
        log.error("what renders is lost: %s", error)
    finally:
        process.close()


class RenderWorker:
    """Takes messages, renders what is due, tells what became of it."""

    def __init__(
        self, connection: Connection, speakers: Speakers, ready: dict[str, Renderer]
    ) -> None:
        self._connection = connection
        self._load = speakers.load
        self._names, self._refusal = tuple(speakers.previews), speakers.refusal
        self._ready: OrderedDict[str, Renderer] = OrderedDict(ready)
        self._batches = Batcher(speakers.step_together)
        self._shared: dict[int, tuple[SharedMemory, Size]] = {}
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="speaker-loader")
        self._sending = Lock()
        self._ended = Event()
        self._watch = Thread(target=self._watch_consent, name="consent", daemon=True)

    def run(self) -> None:
        self._watch.start()
        while True:
            if not self._batches.waiting:
                self._connection.poll(None)
            while self._connection.poll(0):
                self._take(self._connection.recv())
            for step in self._batches.step():
                drawn = [self._put(rendered) for rendered in step.rendered]
                self._send(Stepped(step.seconds, drawn, step.failed))

    def close(self) -> None:
        self._ended.set()
        self._loader.shutdown(wait=False, cancel_futures=True)
        for caller in list(self._shared):
            self._unshare(caller)

    def _take(self, message: ToWorker) -> None:
        match message:
            case RenderChunk():
                self._batches.add(message.caller, message.number, message.chunk)
            case PrepareSpeaker():
                self._loader.submit(self._prepare, message.speaker)
            case JoinCaller():
                self._join(message.caller, message.speaker, message.memory)
            case LeaveCaller():
                self._batches.leave(message.caller)
                self._unshare(message.caller)

    def _prepare(self, speaker: str) -> None:
        """Runs in the loader's thread, so that callers of other speakers go on."""
        if why := self._refusal(speaker):
            self._send(SpeakerFailed(speaker, why))
            return
        try:
            renderer = self._ready.get(speaker) or self._load(speaker)
        except AvatarError as error:
            self._send(SpeakerFailed(speaker, str(error)))
            return
        except Exception:  # a folder taken away half read, a device without memory: callers wait
            log.exception("speaker %s could not be loaded", speaker)
            self._send(SpeakerFailed(speaker, f"speaker {speaker} cannot be shown now"))
            return
        self._ready[speaker] = renderer
        self._ready.move_to_end(speaker)
        while len(self._ready) > MAX_READY_SPEAKERS:
            self._ready.popitem(last=False)  # callers who still use it hold it themselves
        self._send(SpeakerPrepared(speaker, renderer.size))

    def _watch_consent(self) -> None:
        """Runs in a thread of its own; tells at first, and whenever it changes."""
        told: dict[str, str] | None = None
        while True:
            why = {name: reason for name in self._names if (reason := self._refusal(name))}
            if why != told:
                with contextlib.suppress(OSError):  # the server is gone
                    self._send(SpeakersRefused(why))
                told = why
            if self._ended.wait(LOOK_INTERVAL_S):
                return

    def _join(self, caller: int, speaker: str, memory: str) -> None:
        renderer = self._ready[speaker]
        self._unshare(caller)
        self._shared[caller] = (SharedMemory(memory), renderer.size)
        self._batches.join(caller, renderer)

    def _put(self, rendered: Rendered) -> Drawn:
        """Leave a picture where its caller will look for it."""
        if rendered.picture is None or rendered.caller not in self._shared:
            return Drawn(rendered.caller, rendered.frame, "")
        memory, size = self._shared[rendered.caller]
        slot(memory, size, rendered.frame)[:] = rendered.picture.i420
        return Drawn(rendered.caller, rendered.frame, memory.name, rendered.picture.motion)

    def _unshare(self, caller: int) -> None:
        if caller in self._shared:
            self._shared.pop(caller)[0].close()

    def _send(self, message: FromWorker) -> None:
        with self._sending:
            self._connection.send(message)
