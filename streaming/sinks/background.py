"""A thread for the slow part of a sink, so that the event loop never waits for it."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

from avatar.errors import AvatarError

LONGEST_QUEUE = 500  # pieces of work: seven seconds of a film
SHUTDOWN_TIMEOUT_S = 5.0  # seconds for what is still to be done at the end

Work = Callable[[], object]
Job = tuple[Work, "Future[None]"]


class Background:
    """Does what it is given, one after the other; after the first failure nothing more."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._latest: Future[None] | None = None
        self._failure: AvatarError | None = None
        # A daemon, because a connection that hangs must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: Callable[..., object], *arguments: Any) -> None:
        """Have `work(*arguments)` done after everything submitted before."""
        if self._jobs.qsize() > LONGEST_QUEUE:
            self._failure = AvatarError(f"the {self._name} cannot keep up; use a smaller --size")
        if not self._failure:
            self._latest = Future()
            self._jobs.put((lambda: work(*arguments), self._latest))

    async def run(self, work: Callable[..., object], *arguments: Any) -> None:
        """The same, and wait for it. Raises the AvatarError of this or earlier work."""
        self.submit(work, *arguments)
        await self.idle()

    async def idle(self) -> None:
        """Return once all is done. Raises the AvatarError that stopped it."""
        if self._latest and not self._latest.done():
            await asyncio.wait([asyncio.wrap_future(self._latest)])
        if self._failure:
            raise self._failure

    async def close(self, work: Work) -> None:
        """Finish, do `work` whatever happened before, and end the thread. Raises AvatarError."""
        failed_before, self._failure = self._failure, None
        done: Future[None] = Future()
        self._jobs.put((work, done))
        self._jobs.put(None)
        await asyncio.wait([asyncio.wrap_future(done)], timeout=SHUTDOWN_TIMEOUT_S)
        failure = failed_before or self._failure
        if not done.done():
            failure = AvatarError(f"the {self._name} did not end in time")
        if failure:
            raise failure

    def _run(self) -> None:
        while job := self._jobs.get():
            work, done = job
            try:
                if not self._failure:
                    work()
            except AvatarError as error:
                self._failure = error
            done.set_result(None)
