"""The renderers of all speakers in use: loaded once, off the event loop, shared by all callers."""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from streaming.renderer import LoadRenderer, Renderer

KEPT = 4  # speakers held ready at once


class RendererPool:
    """Loads a speaker on first use and keeps the most recently used ones."""

    def __init__(self, load: LoadRenderer) -> None:
        self._load = load
        self._ready: OrderedDict[str, Renderer] = OrderedDict()
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="speaker-loader")
        self._one_at_a_time = asyncio.Lock()

    def preload(self, name: str) -> Renderer:
        """Load the first speaker before the server runs. Raises AvatarError if it cannot be."""
        self._ready[name] = self._load(name)
        return self._ready[name]

    async def get(self, name: str) -> Renderer:
        """The renderer of a speaker. Raises AvatarError if it cannot be loaded."""
        async with self._one_at_a_time:
            if name not in self._ready:
                loop = asyncio.get_running_loop()
                self._ready[name] = await loop.run_in_executor(self._loader, self._load, name)
            self._ready.move_to_end(name)
            while len(self._ready) > KEPT:
                self._ready.popitem(last=False)  # callers who still use it hold it themselves
            return self._ready[name]

    def close(self) -> None:
        self._loader.shutdown(wait=False, cancel_futures=True)
