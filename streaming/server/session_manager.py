"""All calls of a server: admission by measured capacity, and a clean end for every one."""

import asyncio
import contextlib
import logging
import math
from collections import Counter
from collections.abc import Callable, Iterator

from avatar.errors import AvatarError
from streaming.core import logs, metrics
from streaming.core.config import ServeConfig
from streaming.core.ice_servers import IceServers
from streaming.media.avatar_stream import stream_delay
from streaming.render.client import RenderClient
from streaming.security.ip_addresses import home_of, is_here
from streaming.security.rate_limit import TooManyError
from streaming.server import memory
from streaming.webrtc.session import Notify, Session

log = logging.getLogger(__name__)

DRAIN_POLL_S = 0.1  # seconds between looks whether the last call has ended
MOST_VIEWERS = 4  # of one call
RETRY_AFTER = 10  # seconds a refused caller is asked to wait


class ServerFullError(AvatarError):
    """Everyone the machine can serve at 25 fps is being served."""


class ServerStoppingError(AvatarError):
    """Calls that run may end by themselves; no new one is taken."""


class SessionManager:
    """Opens calls while there is room; `len()` of it is the number of calls."""

    def __init__(self, worker: RenderClient, config: ServeConfig, ice_servers: IceServers) -> None:
        self.limit = config.max_sessions or worker.ready.capacity.callers
        self.stopping = False
        self._renderer = worker
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
        return stream_delay(self._renderer.ready.capacity.budget)

    def open(self, notify: Notify, address: str = "") -> Session:
        """Take a place for a new call from `address`.

        Raises ServerFullError if there is none, TooManyError if the address has had its share.
        """
        if self.stopping:
            raise ServerStoppingError("the server is being restarted; try again in a minute")
        if self._load + 1 > self.limit:
            raise ServerFullError(
                f"the server is full ({self.limit} calls); try again in {RETRY_AFTER} seconds"
            )
        config, home = self._config, home_of(address)
        if self._homes[home] >= config.limits.sessions_per_address and not is_here(address):
            raise TooManyError("too many calls from your address; end one first")
        session = Session(
            self._renderer,
            self._renderer.ready.capacity.budget,
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
        logs.session_id.set(session.id)
        metrics.OPENED.inc()
        log.info("session %s opened (%d of %d)", session.id, len(self), self.limit)
        return session

    @contextlib.contextmanager
    def looking_at(self, session: Session) -> Iterator[None]:
        """A viewer's place at a call while it looks; the first may always look.

        Raises ServerFullError if there is none.
        """
        if session.viewers >= MOST_VIEWERS:
            raise ServerFullError("this call has as many viewers as it can")
        viewer = self._renderer.ready.capacity.viewer
        if session.viewers and self._load + viewer > self.limit:
            raise ServerFullError("the server is full; try again later")
        session.viewers += 1
        try:
            yield
        finally:
            session.viewers -= 1

    @property
    def _load(self) -> float:
        """Callers and viewers together, in callers."""
        viewers = sum(session.viewers for session in self._open)
        return len(self) + viewers * self._renderer.ready.capacity.viewer

    def newest(self, suits: Callable[[Session], bool]) -> Session | None:
        """The call that began last among those that run and suit."""
        running = [one for one in self._open if one.begun > -math.inf and suits(one)]
        return max(running, key=lambda one: one.begun, default=None)

    async def drain(self, seconds: float) -> None:
        """Take no more calls, let those that run go on for at most `seconds`, and end them."""
        self.stopping = True
        log.info("stopping; %d calls have %g seconds", len(self), seconds)
        if seconds:
            for session in self._open:
                session.announce_end(seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._open:
                    await asyncio.sleep(DRAIN_POLL_S)
        await self.close_all("the server is stopping")

    async def close_all(self, reason: str) -> None:
        """End every call; pages are told that the server stops."""
        open_now = list(self._open)
        await asyncio.gather(*(session.close(reason, "stopping") for session in open_now))

    async def _forget(self, session: Session, home: str) -> None:
        await session.closed.wait()
        self._open.discard(session)
        self._homes -= Counter([home])  # leaves none at zero
        await memory.give_back()
