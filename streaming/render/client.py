"""A server's end of a rendering process: starts it, feeds it, starts it again if it dies."""

import asyncio
import contextlib
import logging
import math
import pickle
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import count

from avatar.errors import AvatarError
from avatar.gestures import Gesture, GestureName, can_do, require
from streaming.core import metrics
from streaming.core.logs import LogSettings
from streaming.render.caller import Caller, Deliver, GivenUp, Moved, ignore, unmoved
from streaming.render.capacity import Capacity
from streaming.render.messages import (
    Drawn,
    FromWorker,
    JoinCaller,
    LeaveCaller,
    PrepareSpeaker,
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
from streaming.render.process import OwnRenderer, RendererSource, SharedRenderer, as_socket
from streaming.render.renderer import Chunk, FindSpeakers

log = logging.getLogger(__name__)

MOST_UNDERWAY = 50  # chunks of a caller that may be with the renderer: two seconds
TIMINGS_KEPT = 250  # steps remembered: ten seconds at 25 fps
RESTART_PAUSE_S = 1.0
SLOWDOWN_MEMORY_S = 60.0  # that the renderer is believed to be as slow as with its last step
CALLERS_MEMORY_S = 1.0  # that others are believed to be there since that step
LENGTH_PREFIX = struct.Struct("!i")  # how multiprocessing.Connection frames its messages


class RenderClient:
    """Owns a rendering process; everything but the constructor runs on the event loop."""

    def __init__(
        self,
        find: FindSpeakers,
        meanwhile: Callable[[], object] = lambda: None,
        logging_as: LogSettings = LogSettings(),
        shared_at: str = "",
    ) -> None:
        """Start the process and wait until it can render. Raises AvatarError if it cannot.

        `meanwhile` is called once the process is under way: what else the start needs.
        `shared_at`: path of a socket at which `SharedRenderClient` may use it too.
        """
        self._set_up(OwnRenderer(find, logging_as, shared_at, meanwhile))

    def _set_up(self, source: RendererSource) -> None:
        self.timings: deque[float] = deque(maxlen=TIMINGS_KEPT)  # seconds a step
        self._load, self._load_at = RendererLoad(0, 1.0), -math.inf
        self.refused: dict[str, str] = {}
        "Speakers that may not be shown any more, and why; kept up to date."
        self.when_refused: Callable[[], object] = lambda: None
        "Called when that changes."
        self._callers: dict[int, Caller] = {}
        self._numbers = count()
        self._preparing: dict[str, asyncio.Future[Size]] = {}
        self._source = source
        connection, self.ready = source.open()
        self._socket = as_socket(connection)
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def owned(self) -> bool:
        """Whether the process belongs to this one alone."""
        return self._source.owned

    @property
    def running(self) -> bool:
        """Whether the process can be given something to render."""
        return self._source.running()

    @property
    def why_nobody(self) -> str:
        """Why no speaker at all may be shown; nothing: somebody may."""
        return "" if self.ready.previews.keys() - self.refused else "; ".join(self.refused.values())

    @property
    def lookahead(self) -> int:
        """Frames of sound that calls leave time to hear ahead, whoever their speaker is."""
        return self.ready.lookahead

    @property
    def capacity(self) -> Capacity:
        """What the machine can do now: measured at the start, and as steps take lately."""
        lately = time.monotonic() - self._load_at < SLOWDOWN_MEMORY_S
        return replace(self.ready.capacity, slowdown=self._load.slowdown if lately else 1.0)

    def share_calls(self, event_loops: int) -> None:
        """So many processes have the calls, whose capacity this is."""
        capacity = replace(self.ready.capacity, event_loops=event_loops)
        self.ready = replace(self.ready, capacity=capacity)

    @property
    def budget(self) -> float:
        """Seconds for rendering that the next caller's delay must have room for."""
        drawing = time.monotonic() - self._load_at < CALLERS_MEMORY_S
        others = max(len(self._callers), self._load.callers if drawing else 0)
        return self.capacity.budget_among(others + 1)

    @property
    def pid(self) -> int:
        """Of the process, running or not."""
        return self.ready.pid

    async def attach(self) -> None:
        """Take the process over to the running event loop."""
        reader, self._writer = await asyncio.open_connection(sock=self._socket)
        self._task = asyncio.create_task(self._run(reader))

    async def stop(self) -> None:
        """End the process."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._writer:
            self._writer.close()
        else:
            self._socket.close()
        await asyncio.get_running_loop().run_in_executor(None, self._source.close)
        for caller in self._callers.values():
            caller.unshare()

    async def prepare(self, speaker: str) -> Size:
        """Have a speaker loaded; its picture's (width, height). Raises AvatarError."""
        if speaker not in self._preparing:
            self._preparing[speaker] = asyncio.get_running_loop().create_future()
            self._send(PrepareSpeaker(speaker))
        return await asyncio.shield(self._preparing[speaker])

    async def join(
        self,
        speaker: str,
        deliver: Deliver,
        given_up: GivenUp = ignore,
        moved: Moved = unmoved,
    ) -> Caller:
        """Serve a new caller: `deliver(frame number, picture)`. Raises AvatarError.

        `given_up` is told the number of each frame that is not drawn, `moved` what the
        face does in each frame.
        """
        size = await self.prepare(speaker)
        caller = Caller(next(self._numbers), deliver, given_up, moved)
        self._send(JoinCaller(caller.number, speaker, caller.share(speaker, size)))
        self._callers[caller.number] = caller
        return caller

    async def switch(self, caller: Caller, speaker: str) -> None:
        """Go on with another speaker; the old picture stands while its look-ahead fills."""
        size = await self.prepare(speaker)
        if caller.number in self._callers:
            self._send(JoinCaller(caller.number, speaker, caller.share(speaker, size)))

    def leave(self, caller: Caller) -> None:
        if self._callers.pop(caller.number, None):
            self._send(LeaveCaller(caller.number))
            caller.unshare()

    def can_do(self, speaker: str) -> tuple[GestureName, ...]:
        """The gestures that a speaker can be asked for."""
        return can_do(self.ready.expressions.get(speaker, ()))

    def gesture(self, caller: Caller, gesture: Gesture) -> None:
        """Have a caller's face make a gesture, from the next picture on.

        Raises AvatarError if its speaker does not show it.
        """
        require(gesture, caller.speaker, self.ready.expressions.get(caller.speaker, ()))
        if caller.number in self._callers:
            self._send(StartGesture(caller.number, gesture))

    def submit(self, caller: Caller, number: int, chunk: Chunk, due: float = math.inf) -> None:
        """Hand over the sound beside video frame `number`, whose picture must be there at `due`.

        A renderer that has taken none for long gets no more until it does.
        """
        if caller.underway == MOST_UNDERWAY or not caller.memory:
            self._give_up(caller, number - self.lookahead)
            return
        caller.underway += 1
        caller.handed_over.append(time.monotonic())
        self._send(RenderChunk(caller.number, number, chunk, due))

    def _give_up(self, caller: Caller, frame: int) -> None:
        caller.when_given_up.append(time.monotonic())
        caller.given_up(frame)
        metrics.DROPPED_CHUNKS.inc()

    def _send(self, message: ToWorker) -> None:
        if self._writer and not self._writer.is_closing():
            data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
            self._writer.write(LENGTH_PREFIX.pack(len(data)) + data)

    async def _run(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                await self._listen(reader)
            except (asyncio.IncompleteReadError, ConnectionError):
                log.error("the rendering process ended; starting it again")
            reader = await self._restart()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while True:
            (length,) = LENGTH_PREFIX.unpack(await reader.readexactly(LENGTH_PREFIX.size))
            self._take(pickle.loads(await reader.readexactly(length)))

    def _take(self, message: FromWorker) -> None:
        match message:
            case RendererLoad():
                self._note_load(message)
            case Stepped():
                self._note(message)
                for drawn in message.drawn:
                    self._rendered(drawn, message.failed)
            case SpeakerPrepared():
                self._prepared(message)
            case SpeakerFailed():
                self._preparing.pop(message.speaker).set_exception(AvatarError(message.why))
            case SpeakersRefused():
                self.refused.clear()
                self.refused.update(message.why)
                self.when_refused()

    def _prepared(self, message: SpeakerPrepared) -> None:
        """A speaker put in place of another since the start may need more time than calls have."""
        waiting = self._preparing.pop(message.speaker)
        if message.lookahead <= self.lookahead:
            waiting.set_result(message.size)
            return
        waiting.set_exception(
            AvatarError(
                f"{message.speaker} hears {message.lookahead} frames ahead, further than any "
                "speaker did when the server started; start it again to show this one"
            )
        )

    def _note(self, step: Stepped) -> None:
        self._note_load(step.load)
        metrics.FAILED_STEPS.inc(step.failed)
        if not all(drawn.given_up for drawn in step.drawn):
            self.timings.append(step.seconds)
            metrics.RENDER_STAGE.observe(step.seconds)

    def _note_load(self, load: RendererLoad) -> None:
        self._load, self._load_at = load, time.monotonic()

    def _rendered(self, drawn: Drawn, failed: bool) -> None:
        caller = self._callers.get(drawn.caller)
        if caller is None:
            return
        caller.underway -= 1
        handed_over = caller.handed_over.popleft()
        caller.failing = failed
        if drawn.given_up:
            self._give_up(caller, drawn.frame)
            return
        metrics.PICTURE_STAGE.observe(time.monotonic() - handed_over)
        if caller.memory and caller.memory.name == drawn.memory:  # else of one before a switch
            caller.deliver(drawn.frame, caller.picture(drawn.frame))
            if drawn.motion:
                caller.moved(drawn.frame, drawn.motion)

    async def _restart(self) -> asyncio.StreamReader:
        for caller in self._callers.values():
            caller.failing = True
            caller.unshare()
            caller.underway = 0
            caller.handed_over.clear()
        for future in self._preparing.values():
            future.set_exception(AvatarError("the renderer is starting again; try once more"))
        self._preparing.clear()
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(RESTART_PAUSE_S)
            try:
                connection, ready = await loop.run_in_executor(None, self._source.open)
                break
            except (AvatarError, EOFError) as error:
                log.error("the rendering process does not start: %s", error)
        self.ready = replace(self.ready, pid=ready.pid)  # calls that run keep their delay
        reader, self._writer = await asyncio.open_connection(sock=as_socket(connection))
        rejoining = asyncio.create_task(self._rejoin())
        rejoining.add_done_callback(lambda task: task.exception())
        return reader

    async def _rejoin(self) -> None:
        for caller in list(self._callers.values()):
            try:
                await self.switch(caller, caller.speaker)
            except AvatarError as error:
                log.error("a caller of %s goes on without pictures: %s", caller.speaker, error)


class SharedRenderClient(RenderClient):
    """Uses the process of another server of this machine."""

    def __init__(self, address: str) -> None:
        """`address`: its `shared_at`. Raises AvatarError if it does not answer."""
        self._set_up(SharedRenderer(address))
