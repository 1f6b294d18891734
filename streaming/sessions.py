"""All calls of a server: admission by measured capacity, and a clean end for every one."""

import asyncio
import logging

from aiortc import RTCIceServer

from avatar.errors import AvatarError
from streaming.performance import performance_delay
from streaming.render_worker import RenderWorker
from streaming.session import Notify, Session

log = logging.getLogger(__name__)

RETRY_AFTER = 10  # seconds a refused caller is asked to wait


class ServerFullError(AvatarError):
    """Everyone the machine can serve at 25 fps is being served."""


class Sessions:
    """Opens calls while there is room; `len()` of it is the number of calls."""

    def __init__(
        self,
        worker: RenderWorker,
        limit: int,
        ice_servers: list[RTCIceServer],
        block_code: bool,
    ) -> None:
        self.limit = limit
        self._worker = worker
        self._ice_servers = ice_servers
        self._block_code = block_code
        self._open: set[Session] = set()
        self._forgetting: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def delay(self) -> float:
        """Seconds, of every call opened on this machine."""
        return performance_delay(self._worker.ready.capacity.budget)

    def open(self, notify: Notify) -> Session:
        """Take a place for a new call. Raises ServerFullError if there is none."""
        if len(self) >= self.limit:
            raise ServerFullError(
                f"the server is full ({self.limit} calls); try again in {RETRY_AFTER} seconds"
            )
        budget = self._worker.ready.capacity.budget
        session = Session(self._worker, budget, self._ice_servers, notify, self._block_code)
        self._open.add(session)
        task = asyncio.get_running_loop().create_task(self._forget(session))
        self._forgetting.add(task)
        task.add_done_callback(self._forgetting.discard)
        log.info("session %s opened (%d of %d)", session.id, len(self), self.limit)
        return session

    async def close_all(self, reason: str) -> None:
        await asyncio.gather(*(session.close(reason) for session in list(self._open)))

    async def _forget(self, session: Session) -> None:
        await session.closed.wait()
        self._open.discard(session)
