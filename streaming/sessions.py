"""All calls of a server: admission by measured capacity, and a clean end for every one."""

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Callable

from avatar.errors import AvatarError
from streaming import memory
from streaming.addresses import home_of, is_here
from streaming.config import ServeConfig
from streaming.ice_servers import IceServers
from streaming.performance import performance_delay
from streaming.render_worker import RenderWorker
from streaming.session import Notify, Session
from streaming.visitors import TooManyError

log = logging.getLogger(__name__)

RETRY_AFTER = 10  # seconds a refused caller is asked to wait


class ServerFullError(AvatarError):
    """Everyone the machine can serve at 25 fps is being served."""


class Sessions:
    """Opens calls while there is room; `len()` of it is the number of calls."""

    def __init__(self, worker: RenderWorker, config: ServeConfig, ice_servers: IceServers) -> None:
        self.limit = config.max_sessions or worker.ready.capacity.callers
        self._worker = worker
        self._config = config
        self._ice_servers = ice_servers
        self._open: set[Session] = set()
        self._homes: Counter[str] = Counter()
        self._forgetting: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def delay(self) -> float:
        """Seconds, of every call opened on this machine."""
        return performance_delay(self._worker.ready.capacity.budget)

    def open(self, notify: Notify, address: str = "") -> Session:
        """Take a place for a new call from `address`.

        Raises ServerFullError if there is none, TooManyError if the address has had its share.
        """
        if len(self) >= self.limit:
            raise ServerFullError(
                f"the server is full ({self.limit} calls); try again in {RETRY_AFTER} seconds"
            )
        config, home = self._config, home_of(address)
        if self._homes[home] >= config.limits.sessions_per_address and not is_here(address):
            raise TooManyError("too many calls from your address; end one first")
        session = Session(
            self._worker,
            self._worker.ready.capacity.budget,
            self._ice_servers.for_peer(),
            notify,
            config.block_code,
            config.limits,
        )
        self._open.add(session)
        self._homes[home] += 1
        task = asyncio.get_running_loop().create_task(self._forget(session, home))
        self._forgetting.add(task)
        task.add_done_callback(self._forgetting.discard)
        log.info("session %s opened (%d of %d)", session.id, len(self), self.limit)
        return session

    def newest(self, suits: Callable[[Session], bool]) -> Session | None:
        """The call that began last among those that run and suit."""
        running = [one for one in self._open if one.begun > -math.inf and suits(one)]
        return max(running, key=lambda one: one.begun, default=None)

    async def close_all(self, reason: str) -> None:
        await asyncio.gather(*(session.close(reason) for session in list(self._open)))

    async def _forget(self, session: Session, home: str) -> None:
        await session.closed.wait()
        self._open.discard(session)
        self._homes -= Counter([home])  # leaves none at zero
        await memory.give_back()
