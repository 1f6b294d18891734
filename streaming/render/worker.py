"""The process that renders, so that neither its Python nor its libraries hold up an event loop.

It speaks with each `RenderClient` in the messages of `messages.py`, and puts pictures into memory
that both share. A speaker is loaded in a thread beside the rendering; another looks who may still
be shown.
"""

import contextlib
import logging
import math
import os
import signal
import socket
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection, wait
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from threading import Event, Lock, Thread

import numpy as np

from avatar.errors import AvatarError, DeviceLost
from streaming.core import heap, logs
from streaming.core.logs import LogSettings
from streaming.render.batcher import Batcher, Rendered, Step
from streaming.render.capacity_trials import measure
from streaming.render.messages import (
    Drawn,
    FromWorker,
    JoinCaller,
    LeaveCaller,
    PrepareSpeaker,
    Ready,
    Refused,
    RenderChunk,
    RendererLoad,
    Size,
    SpeakerFailed,
    SpeakerPrepared,
    SpeakersRefused,
    StartGesture,
    Stepped,
    ToWorker,
)
from streaming.render.renderer import I420, FindSpeakers, Renderer, Speakers
from streaming.render.step_pace import StepPace

log = logging.getLogger(__name__)

MAX_READY_SPEAKERS = 4  # speakers held ready at once
LOAD_INTERVAL_S = 0.5  # between two messages about it to who has no caller in the steps
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


def run(
    find: FindSpeakers,
    server: socket.socket,
    logging_as: LogSettings,
    shared_at: str = "",
    again: bool = False,
) -> None:
    """Render for the process at the other end of `server` until it closes it.

    shared_at: path at which others, too, may connect and render.
    again: a renderer before this one died; where the first speaker may not be shown any more,
        it starts with another.
    """
    owner = Connection(server.detach())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the server says when
    logs.set_up(logging_as)
    heap.keep_pages()
    try:
        speakers = find()
        name, first = _load_first(speakers, again)
        ready = Ready(
            speakers.first,
            speakers.previews,
            measure(first),
            speakers.consents,
            os.getpid(),
            max(first.lookahead, speakers.lookahead),
            speakers.expressions,
        )
        door = _listen(shared_at) if shared_at else None
        owner.send(ready)
    except (AvatarError, DeviceLost) as error:
        owner.send(Refused(str(error)))
        return
    process = RenderWorker(owner, door, ready, speakers, {name: first})
    try:
        process.run()
    except (EOFError, ConnectionError):
        pass  # the server is gone
    except DeviceLost as error:  # the server starts this process again
        log.error("what renders is lost: %s", error)
    finally:
        process.close()


def _load_first(speakers: Speakers, again: bool) -> tuple[str, Renderer]:
    """A speaker's name and renderer, by which is measured what this machine can do."""
    try:
        return speakers.first, speakers.load(speakers.first)
    except AvatarError:
        others = [name for name in speakers.previews if name != speakers.first]
        for name in others if again else ():
            with contextlib.suppress(AvatarError):
                return name, speakers.load(name)
        raise


def _listen(path: str) -> socket.socket:
    Path(path).unlink(missing_ok=True)  # of a process that died
    door = socket.socket(socket.AF_UNIX)
    door.bind(path)
    door.listen()
    return door


@dataclass(frozen=True)
class Place:
    """Where the pictures of one caller go."""

    client: Connection
    number: int
    "That the client knows it by."
    memory: SharedMemory
    size: Size


class RenderWorker:
    """Takes messages, renders what is due, tells what became of it.

    Each client numbers its callers for itself; here (client, number) has a number of its own.
    """

    def __init__(
        self,
        owner: Connection,
        door: socket.socket | None,
        ready: Ready,
        speakers: Speakers,
        loaded: dict[str, Renderer],
    ) -> None:
        self._owner = owner
        self._door = door
        self._greeting = ready
        self._clients = [owner]
        self._load = speakers.load
        self._names, self._refusal = tuple(speakers.previews), speakers.refusal
        self._refused: dict[str, str] | None = None
        self._ready: OrderedDict[str, Renderer] = OrderedDict(loaded)
        self._pace = StepPace(ready.capacity.steps)
        self._batches = Batcher(self._pace, speakers.step_together, speakers.hear_together)
        self._numbers: dict[tuple[Connection, int], int] = {}
        self._places: dict[int, Place] = {}
        self._unused = count()
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="speaker-loader")
        self._load_told_at = -math.inf
        self._sending = Lock()
        self._ended = Event()
        self._watch = Thread(target=self._watch_consent, name="consent", daemon=True)

    def run(self) -> None:
        """Raises EOFError or ConnectionError once the owner is gone."""
        self._watch.start()
        doors = [self._door] if self._door else []
        while True:
            for one in wait([*doors, *self._clients], 0 if self._batches.waiting else None):
                if isinstance(one, Connection):
                    self._listen(one)
                elif self._door:
                    self._greet(self._door)
            for step in self._batches.step():
                self._tell(step)

    def close(self) -> None:
        self._ended.set()
        self._loader.shutdown(wait=False, cancel_futures=True)
        for place in self._places.values():
            place.memory.close()

    def _greet(self, door: socket.socket) -> None:
        client = Connection(door.accept()[0].detach())
        self._send(client, self._greeting)
        self._clients.append(client)
        if self._refused:
            self._send(client, SpeakersRefused(self._refused))

    def _listen(self, client: Connection) -> None:
        try:
            while client.poll(0):
                self._take(client, client.recv())
        except (EOFError, ConnectionError):
            self._forget(client)

    def _forget(self, client: Connection) -> None:
        """A client is gone, and cannot tidy up any more. Raises EOFError if it is the owner."""
        if client is self._owner:
            raise EOFError
        if client not in self._clients:
            return
        self._clients.remove(client)
        for number in [number for one, number in self._numbers if one is client]:
            place = self._leave(client, number)
            if place:
                with contextlib.suppress(FileNotFoundError):
                    place.memory.unlink()
        client.close()

    def _take(self, client: Connection, message: ToWorker) -> None:
        match message:
            case RenderChunk():
                caller = self._numbers.get((client, message.caller))
                if caller is not None:
                    self._batches.add(caller, message.number, message.chunk, message.due)
            case PrepareSpeaker():
                self._loader.submit(self._prepare, client, message.speaker)
            case JoinCaller():
                self._join(client, message)
            case LeaveCaller():
                self._leave(client, message.caller)
            case StartGesture():
                caller = self._numbers.get((client, message.caller))
                if caller is not None:
                    self._batches.gesture(caller, message.gesture)

    def _prepare(self, client: Connection, speaker: str) -> None:
        """Runs in the loader's thread, so that callers of other speakers go on."""
        if why := self._refusal(speaker):
            self._send(client, SpeakerFailed(speaker, why))
            return
        try:
            renderer = self._ready.get(speaker) or self._load(speaker)
        except AvatarError as error:
            self._send(client, SpeakerFailed(speaker, str(error)))
            return
        except Exception:  # a folder taken away half read, a device without memory: callers wait
            log.exception("speaker %s could not be loaded", speaker)
            self._send(client, SpeakerFailed(speaker, f"speaker {speaker} cannot be shown now"))
            return
        self._ready[speaker] = renderer
        self._ready.move_to_end(speaker)
        while len(self._ready) > MAX_READY_SPEAKERS:
            self._ready.popitem(last=False)  # callers who still use it hold it themselves
        self._send(client, SpeakerPrepared(speaker, renderer.size, renderer.lookahead))

    def _watch_consent(self) -> None:
        """Runs in a thread of its own; tells at first, and whenever it changes."""
        while True:
            why = {name: reason for name in self._names if (reason := self._refusal(name))}
            if why != self._refused:
                for name in sorted(why.keys() - (self._refused or {}).keys()):
                    log.warning("%s", why[name])
                self._refused = why
                for client in list(self._clients):
                    with contextlib.suppress(OSError):  # the server is gone
                        self._send(client, SpeakersRefused(why))
            if self._ended.wait(LOOK_INTERVAL_S):
                return

    def _join(self, client: Connection, message: JoinCaller) -> None:
        try:
            memory = SharedMemory(message.memory)
        except FileNotFoundError:  # of a caller that left before its turn came
            return
        try:
            # Meanwhile those of other clients may have taken its place.
            renderer = self._ready.get(message.speaker) or self._load(message.speaker)
        except (AvatarError, OSError) as error:
            memory.close()
            log.error("a caller of %s gets no pictures: %s", message.speaker, error)
            return
        caller = self._numbers.setdefault((client, message.caller), next(self._unused))
        if caller in self._places:
            self._places[caller].memory.close()
        self._places[caller] = Place(client, message.caller, memory, renderer.size)
        self._batches.join(caller, renderer)

    def _leave(self, client: Connection, number: int) -> Place | None:
        caller = self._numbers.pop((client, number), None)
        if caller is None:
            return None
        self._batches.leave(caller)
        place = self._places.pop(caller)
        place.memory.close()
        return place

    def _tell(self, step: Step) -> None:
        """Tell every client whose callers were in a step what became of them."""
        drawn: dict[Connection, list[Drawn]] = {}
        callers = len(self._batches)
        load = RendererLoad(callers, self._pace.slowdown(callers))
        for rendered in step.rendered:
            place = self._places[rendered.caller]
            drawn.setdefault(place.client, []).append(_put(place, rendered))
        for client, its in drawn.items():
            self._send(client, Stepped(step.seconds, its, step.failed, load))
        if time.monotonic() - self._load_told_at > LOAD_INTERVAL_S:
            self._load_told_at = time.monotonic()
            for client in [one for one in self._clients if one not in drawn]:
                self._send(client, load)

    def _send(self, client: Connection, message: FromWorker) -> None:
        try:
            with self._sending:
                client.send(message)
        except (OSError, ValueError):  # gone; what it left behind is seen to when it is read next
            if client is self._owner:
                raise


def _put(place: Place, rendered: Rendered) -> Drawn:
    """Leave a picture where its caller will look for it."""
    if rendered.picture is None:
        return Drawn(place.number, rendered.frame, "", given_up=rendered.given_up)
    slot(place.memory, place.size, rendered.frame)[:] = rendered.picture.i420
    return Drawn(place.number, rendered.frame, place.memory.name, rendered.picture.motion)
