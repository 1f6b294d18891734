"""All calls of a server: admission by measured capacity, and a clean end for every one."""

import asyncio
import logging

from aiortc import RTCIceServer

from avatar.errors import AvatarError
from streaming.capacity import Capacity
from streaming.render_worker import RenderWorker
from streaming.renderer_pool import RendererPool
from streaming.session import Notify, Session, session_delay

log = logging.getLogger(__name__)

RETRY_AFTER = 10  # seconds a refused caller is asked to wait


class ServerFullError(AvatarError):
    """Everyone the machine can serve at 25 fps is being served."""


class Sessions:
    """Opens calls while there is room; `len()` of it is the number of calls."""

    def __init__(
        self,
        pool: RendererPool,
        worker: RenderWorker,
        capacity: Capacity,
        limit: int,
        ice_servers: list[RTCIceServer],
        block_code: bool,
    ) -> None:
        self.limit = limit
        self.capacity = capacity
        self._pool = pool
        self._worker = worker
        self._ice_servers = ice_servers
        self._block_code = block_code
        self._open: set[Session] = set()
        self._opening = 0
        self._forgetting: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._open) + self._opening

    @property
    def delay(self) -> float:
        """Seconds, of every call opened on this machine."""
        return session_delay(self.capacity.budget)

    async def open(self, speaker: str, notify: Notify) -> Session:
        """Begin a call with `speaker`. Raises ServerFullError, or AvatarError for the speaker."""
        if len(self) >= self.limit:
            raise ServerFullError(
                f"the server is full ({self.limit} calls); try again in {RETRY_AFTER} seconds"
            )
        self._opening += 1
        try:
            renderer = await self._pool.get(speaker)
            session = Session(
                self._worker,
                renderer,
                self.capacity.budget,
                self._ice_servers,
                notify,
                self._block_code,
            )
            self._open.add(session)
        finally:
            self._opening -= 1
        task = asyncio.get_running_loop().create_task(self._forget(session))
        self._forgetting.add(task)
        task.add_done_callback(self._forgetting.discard)
        log.info("session %s opened with %s (%d of %d)", session.id, speaker, len(self), self.limit)
        return session

    async def switch(self, session: Session, speaker: str) -> None:
        """Let a running call go on with another speaker."""
        session.switch(await self._pool.get(speaker))

    async def close_all(self, reason: str) -> None:
        await asyncio.gather(*(session.close(reason) for session in list(self._open)))

    async def _forget(self, session: Session) -> None:
        await session.closed.wait()
        self._open.discard(session)
