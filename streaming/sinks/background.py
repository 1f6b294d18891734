"""A thread for the slow part of a sink, so that the event loop never waits for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from avatar.errors import AvatarError


class Background:
    """Does what it is given, one after the other; after the first failure nothing more."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._latest: Future[None] | None = None
        self._failure: AvatarError | None = None

    def submit(self, work: Callable[..., object], *arguments: Any) -> Future[None]:
        """Have `work(*arguments)` done after everything submitted before."""
        self._latest = self._thread.submit(self._do, work, arguments)
        return self._latest

    async def run(self, work: Callable[..., object], *arguments: Any) -> None:
        """The same, and wait for it. Raises the AvatarError of this or earlier work."""
        await asyncio.wrap_future(self.submit(work, *arguments))
        self._complain()

    async def idle(self) -> None:
        """Return once all is done. Raises the AvatarError that stopped it."""
        if self._latest and not self._latest.done():
            await asyncio.wait([asyncio.wrap_future(self._latest)])
        self._complain()

    async def close(self, work: Callable[[], object]) -> None:
        """Finish, do `work` whatever happened before, and end the thread. Raises AvatarError."""
        loop = asyncio.get_running_loop()
        try:
            await asyncio.shield(loop.run_in_executor(self._thread, work))
        finally:
            self._thread.shutdown(wait=False)

    def _do(self, work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        if self._failure:
            return
        try:
            work(*arguments)
        except AvatarError as error:
            self._failure = error

    def _complain(self) -> None:
        if self._failure:
            raise self._failure
