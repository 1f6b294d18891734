"""All calls of a server: admission by measured capacity, and a clean end for every one."""

import asyncio
import contextlib
import logging
import math
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

from avatar.errors import AvatarError
from streaming.core import logs, metrics
from streaming.core.config import ServeConfig
from streaming.media.avatar_stream import stream_delay
from streaming.media.call import Call
from streaming.render.client import RenderClient
from streaming.security.ip_addresses import is_here, network_of
from streaming.security.rate_limit import TooManyError
from streaming.server import memory
from streaming.server.audit_log import AuditLog
from streaming.server.call_ledger import CallLedger, Held, NoOthers
from streaming.server.past_calls import PastCalls

log = logging.getLogger(__name__)

DRAIN_POLL_S = 0.1  # seconds between looks whether the last call has ended
MOST_VIEWERS = 4  # of one call
RETRY_AFTER_S = 10  # a refused caller is asked to wait

AnyCall = TypeVar("AnyCall", bound=Call)


class ServerFullError(AvatarError):
    """Everyone the machine can serve at 25 fps is being served."""


class ServerStoppingError(AvatarError):
    """Calls that run may end by themselves; no new one is taken."""


class SessionManager:
    """Opens calls while there is room; `len()` of it is the number of calls."""

    def __init__(
        self, worker: RenderClient, config: ServeConfig, ledger: CallLedger | None = None
    ) -> None:
        """`ledger`: of all processes that share the limits. Raises AvatarError if the audit log
        cannot be written."""
        self._ledger = ledger or NoOthers()
        self.stopping = False
        self._renderer = worker
        self._config = config
        self._audit = AuditLog(config)
        self._open: dict[Call, str] = {}  # and the address it came from
        self._past = PastCalls()
        self._endings: set[asyncio.Task[None]] = set()
        self._followed: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def limit(self) -> int:
        """Calls admitted at once: as many as were configured, or as the machine carries now."""
        return self._config.max_sessions or self._renderer.capacity.callers

    @property
    def delay(self) -> float:
        """Seconds, of the next call opened on this machine."""
        return stream_delay(self._renderer.lookahead, self._renderer.budget)

    def open(self, make: Callable[[], AnyCall], address: str = "") -> AnyCall:
        """Take a place for a new call from `address`, which `make` makes if there is room.

        Raises ServerFullError if there is none, TooManyError if the address has had its share.
        """
        if self.stopping:
            raise ServerStoppingError("the server is being restarted; try again in a minute")
        with self._ledger.others() as others:
            if self._load + others.load + 1 > self.limit:
                raise ServerFullError(
                    f"the server is full ({self.limit} calls); try again in {RETRY_AFTER_S} seconds"
                )
            self._check_share(address, others)
            call = make()
            self._open[call] = address
            self._note_held()
        _spawn(self._forget(call), self._endings)
        _spawn(self._audit.follow(call), self._followed)
        logs.session_id.set(call.id)
        metrics.OPENED.inc()
        log.info("session %s opened (%d of %d)", call.id, len(self), self.limit)
        return call

    def move(self, call: Call, address: str) -> None:
        """Count a running call to where its caller is now.

        Raises TooManyError if that address has had its share.
        """
        if call in self._open and network_of(self._open[call]) != network_of(address):
            with self._ledger.others() as others:
                self._check_share(address, others)
                self._open[call] = address
                self._note_held()

    @contextlib.contextmanager
    def looking_at(self, call: Call) -> Iterator[None]:
        """A viewer's place at a call while it looks; the first may always look.

        Raises ServerFullError if there is none.
        """
        if call.viewers >= MOST_VIEWERS:
            raise ServerFullError("this call has as many viewers as it can")
        viewer = self._renderer.ready.capacity.viewer
        with self._ledger.others() as others:
            if call.viewers and self._load + others.load + viewer > self.limit:
                raise ServerFullError("the server is full; try again later")
            call.viewers += 1
            self._note_held()
        try:
            yield
        finally:
            call.viewers -= 1
            self._note_held()

    @property
    def has_room_to_talk(self) -> bool:
        """Whether one more of the calls may be a conversation; one alone always may."""
        talking = sum(call.talking for call in self._open)
        talk = self._renderer.ready.capacity.conversation
        with self._ledger.others() as others:
            return not talking or self._load + others.load + talk <= self.limit

    @property
    def _load(self) -> float:
        """Callers, viewers and conversations together, in callers."""
        capacity = self._renderer.ready.capacity
        viewers = sum(call.viewers for call in self._open)
        talking = sum(call.talking for call in self._open)
        return len(self) + viewers * capacity.viewer + talking * capacity.conversation

    def _note_held(self) -> None:
        self._ledger.note(Held(self._load, dict(self._networks)))

    @property
    def _networks(self) -> Counter[str]:
        return Counter(network_of(address) for address in self._open.values())

    def calls(self) -> list[Call]:
        """All of them, begun or not."""
        return list(self._open)

    def past(self) -> list[str]:
        """The ids of those that have ended lately."""
        return self._past.sessions()

    def newest(self, suits: Callable[[Call], bool]) -> Call | None:
        """The call that began last among those that run and suit."""
        running = [one for one in self._open if _begun(one) > -math.inf and suits(one)]
        return max(running, key=_begun, default=None)

    def find(self, session: str) -> Call | None:
        """The call of this id."""
        return next((call for call in self._open if call.id == session), None)

    def shown_to(self, session: str, network: str) -> Sequence[str]:
        """Who was shown in the call of this id, if it was made from `network` and not long ago."""
        call = self.find(session)
        if call:
            return call.avatar_stream.speakers if network_of(self._open[call]) == network else ()
        past = self._past.find(session)
        return past.speakers if past and past.network == network else ()

    async def drain(self, seconds: float) -> None:
        """Take no more calls, let those that run go on for at most `seconds`, and end them."""
        self.stopping = True
        log.info("stopping; %d calls have %g seconds", len(self), seconds)
        if seconds:
            for call in self._open:
                call.announce_end(seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._open:
                    await asyncio.sleep(DRAIN_POLL_S)
        await self.close_all("the server is stopping")

    def end_refused(self) -> None:
        """End the calls of all speakers that may not be shown any more."""
        for call in list(self._open):
            if why := self._renderer.refused.get(call.speaker):
                _spawn(call.close(why, "withdrawn"), self._endings)

    async def close_all(self, reason: str) -> None:
        """End every call; pages are told that the server stops."""
        open_now = list(self._open)
        await asyncio.gather(*(call.close(reason, "stopping") for call in open_now))
        await asyncio.gather(*self._followed)

    def _check_share(self, address: str, others: Held) -> None:
        network = network_of(address)
        theirs = self._networks[network] + others.networks.get(network, 0)
        if theirs >= self._config.limits.sessions_per_address and not is_here(address):
            raise TooManyError("too many calls from your address; end one first")

    async def _forget(self, call: Call) -> None:
        await call.closed.wait()
        network = network_of(self._open.pop(call))
        self._past.add(call.id, network, call.avatar_stream.speakers)
        self._note_held()
        await memory.give_back()


def _spawn(work: Coroutine[Any, Any, None], tasks: set[asyncio.Task[None]]) -> None:
    task = asyncio.get_running_loop().create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


def _begun(call: Call) -> float:
    return call.avatar_stream.begun
