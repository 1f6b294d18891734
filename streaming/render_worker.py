"""The one thread that renders: takes whatever chunks are due from all callers and makes one batch.

Natural batching: while a step runs, the chunks that fall due gather, and the next step takes them
all. A single caller is served at once; many callers share steps without waiting for each other.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from avatar.audio import LOOKAHEAD_FRAMES
from streaming.renderer import I420, Chunk, Renderer

log = logging.getLogger(__name__)

QUEUE = 2  # chunks a caller may have waiting: more would only be late
TIMINGS = 250  # steps remembered: ten seconds at 25 fps
Deliver = Callable[[int, I420], None]


class Caller:
    """One session's place in the worker: its stream, its waiting chunks, where pictures go."""

    def __init__(self, renderer: Renderer, deliver: Deliver) -> None:
        self.failing = False
        self.dropped = 0  # chunks never rendered because the worker was behind
        self._deliver = deliver
        self._waiting: deque[tuple[int, Chunk]] = deque()
        self._use(renderer)

    def _use(self, renderer: Renderer) -> None:
        self.renderer = renderer
        self.stream: Any = renderer.open()


class RenderWorker:
    """Owns the rendering thread. All methods are called on the event loop's thread."""

    def __init__(self) -> None:
        self.timings: deque[float] = deque(maxlen=TIMINGS)  # seconds a step
        self._callers: set[Caller] = set()
        self._due = threading.Condition()
        self._stopping = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="render", daemon=True)
        self._thread.start()

    def join(self, renderer: Renderer, deliver: Deliver) -> Caller:
        """Serve a new caller; `deliver(frame number, picture)` is called on the event loop."""
        caller = Caller(renderer, deliver)
        with self._due:
            self._callers.add(caller)
        return caller

    def leave(self, caller: Caller) -> None:
        with self._due:
            self._callers.discard(caller)
            caller._waiting.clear()

    def switch(self, caller: Caller, renderer: Renderer) -> None:
        """Go on with another speaker; the old picture stands while the look-ahead fills (80 ms)."""
        with self._due:
            caller._use(renderer)

    def submit(self, caller: Caller, number: int, chunk: Chunk) -> None:
        """Hand over the sound beside video frame `number`."""
        with self._due:
            if caller not in self._callers:
                return
            if len(caller._waiting) == QUEUE:
                caller._waiting.popleft()
                caller.dropped += 1
            caller._waiting.append((number, chunk))
            self._due.notify()

    def stop(self) -> None:
        """End the thread after the step it is in."""
        with self._due:
            self._stopping = True
            self._due.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._due:
                self._due.wait_for(lambda: self._stopping or self._any_waiting())
                if self._stopping:
                    return
                batches = self._take()
            for renderer, batch in batches.items():
                self._step(renderer, batch)

    def _any_waiting(self) -> bool:
        return any(caller._waiting for caller in self._callers)

    def _take(self) -> dict[Renderer, list[tuple[Caller, Any, int, Chunk]]]:
        batches: dict[Renderer, list[tuple[Caller, Any, int, Chunk]]] = {}
        for caller in self._callers:
            if caller._waiting:
                number, chunk = caller._waiting.popleft()
                batch = batches.setdefault(caller.renderer, [])
                batch.append((caller, caller.stream, number, chunk))
        return batches

    def _step(self, renderer: Renderer, batch: list[tuple[Caller, Any, int, Chunk]]) -> None:
        begun = time.perf_counter()
        try:
            pictures = renderer.step([stream for _, stream, _, _ in batch], [c for *_, c in batch])
        except Exception:
            log.exception("rendering failed; the callers of this step begin anew")
            self._begin_anew(renderer, [caller for caller, *_ in batch])
            return
        self.timings.append(time.perf_counter() - begun)
        finished = []
        for (caller, _, number, _), picture in zip(batch, pictures, strict=True):
            caller.failing = False
            if picture is not None:
                finished.append((caller, number - LOOKAHEAD_FRAMES, picture.i420))
        if finished:
            self._loop.call_soon_threadsafe(_hand_out, finished)

    def _begin_anew(self, renderer: Renderer, callers: list[Caller]) -> None:
        with self._due:
            for caller in callers:
                caller.failing = True
                if caller.renderer is renderer:
                    caller._use(renderer)


def _hand_out(finished: list[tuple[Caller, int, I420]]) -> None:
    for caller, number, picture in finished:
        caller._deliver(number, picture)
