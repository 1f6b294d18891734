"""A sink that is opened again when its device, or the program at the other end, comes back."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from avatar.errors import AvatarError
from streaming.media.sink import Sink, Voice
from streaming.render.renderer import I420

RETRY_INTERVAL_S = 1.0  # between attempts
RECOVERED_AFTER_S = 4.0  # until a sink counts as back: SRT takes three to miss its listener


class ReconnectingSink:
    """Passes everything on while `open` gives a sink; says in `problem` why it does not."""

    def __init__(self, name: str, open: Callable[[], Awaitable[Sink]]) -> None:
        """`name`: what it is called until it says so itself."""
        self.problem = ""
        self.inner: Sink | None = None
        self._name = name
        self._open = open
        self._lead = 0.0
        self._opened_at = 0.0

    @property
    def name(self) -> str:
        return self._name

    @property
    def lead(self) -> float:
        return self._lead

    async def start(self) -> None:
        """Open it the first time. Raises AvatarError if that is not possible."""
        self.inner = await self._open()
        self._opened_at = time.monotonic()
        self._name, self._lead = self.inner.name, self.inner.lead

    async def ready(self) -> None:
        while True:
            try:
                if self.inner is None:
                    await self.start()
                assert self.inner is not None
                await self.inner.ready()
                if time.monotonic() - self._opened_at > RECOVERED_AFTER_S:
                    self.problem = ""
                return
            except AvatarError as error:
                self.problem = str(error)
                await self._drop()
                await asyncio.sleep(RETRY_INTERVAL_S)

    def show(self, number: int, picture: I420) -> None:
        if self.inner:
            self.inner.show(number, picture)

    def speak(self, start: int, samples: Voice) -> None:
        if self.inner:
            self.inner.speak(start, samples)

    async def close(self) -> None:
        if self.inner:
            inner, self.inner = self.inner, None
            await inner.close()

    async def _drop(self) -> None:
        try:
            await self.close()
        except AvatarError:
            return  # it was broken already, and `problem` says why
