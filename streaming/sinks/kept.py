"""A sink that is opened again when its device, or the program at the other end, comes back."""

import asyncio
from collections.abc import Awaitable, Callable

from avatar.errors import AvatarError
from streaming.renderer import I420
from streaming.sinks.sink import Sink, Voice

RETRY = 1.0  # seconds between attempts


class KeptSink:
    """Passes everything on while `open` gives a sink; says in `problem` why it does not."""

    def __init__(self, name: str, open: Callable[[], Awaitable[Sink]]) -> None:
        self.name = name
        self.problem = ""
        self._open = open
        self._inner: Sink | None = None
        self._lead = 0.0

    @property
    def lead(self) -> float:
        return self._lead

    async def start(self) -> None:
        """Open it the first time. Raises AvatarError if that is not possible."""
        self._inner = await self._open()
        self._lead = self._inner.lead

    async def ready(self) -> None:
        while True:
            try:
                if self._inner is None:
                    await self.start()
                assert self._inner is not None
                await self._inner.ready()
                self.problem = ""
                return
            except AvatarError as error:
                self.problem = str(error)
                await self._drop()
                await asyncio.sleep(RETRY)

    def show(self, number: int, picture: I420) -> None:
        if self._inner:
            self._inner.show(number, picture)

    def speak(self, start: int, samples: Voice) -> None:
        if self._inner:
            self._inner.speak(start, samples)

    async def close(self) -> None:
        if self._inner:
            inner, self._inner = self._inner, None
            await inner.close()

    async def _drop(self) -> None:
        try:
            await self.close()
        except AvatarError:
            return  # it was broken already, and `problem` says why
