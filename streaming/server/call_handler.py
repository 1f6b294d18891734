"""A stranger who was let in, and the one call that it may have."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from avatar.errors import AvatarError
from streaming.core.config import ServeConfig
from streaming.security.candidate_filter import CandidateFilter
from streaming.security.sdp_check import check_offer
from streaming.security.tokens import ANY_SPEAKER, Grant
from streaming.server.gallery import Gallery
from streaming.server.resumption import PageLink, Resumption
from streaming.server.session_manager import SessionManager
from streaming.webrtc.session import Notify, Session


@dataclass
class CallServices:
    """What a caller is served with."""

    config: ServeConfig
    sessions: SessionManager
    gallery: Gallery
    first: str
    "The speaker shown to those who name none."
    new_session: Callable[[Notify, bool], Session]
    "Makes a call over a peer connection; True: its pictures must show the label themselves."
    resumption: Resumption = field(default_factory=Resumption)
    "The calls that pages may come back to."


@dataclass
class CallHandler:
    """Checks everything a caller asks for, and only then makes a peer connection for it."""

    services: CallServices
    address: str
    grant: Grant
    session: Session | None = None
    _candidates: CandidateFilter = field(init=False)

    def __post_init__(self) -> None:
        self._candidates = self._new_filter()

    @property
    def speaker(self) -> str:
        """Who is shown if the caller names nobody."""
        return self.services.first if self.grant.speaker == ANY_SPEAKER else self.grant.speaker

    def may_see(self, name: str) -> str:
        """`name`, if there is such a speaker and the token is for it. Raises AvatarError."""
        self.grant.check_speaker(name)
        return self.services.gallery.check(name)

    async def call(self, sdp: str, wanted: str, notify: Notify, labelled: bool = False) -> str:
        """Begin the call with an offer; the answer. Raises AvatarError, and leaves nothing then.

        labelled: there is no page of this server's that shows the label.
        """
        if self.session:
            raise AvatarError("this connection already has a call; stop it first")
        speaker = self.may_see(wanted or self.speaker)
        check_offer(sdp)
        sdp = self._candidates.filter(sdp)
        services = self.services
        self.session = session = services.sessions.open(
            lambda: services.new_session(notify, labelled), self.address
        )
        try:
            async with asyncio.timeout(services.config.limits.connecting_s):
                return await session.answer(sdp, speaker)
        except BaseException as error:
            self.session = None
            await session.close("the offer was refused")
            if isinstance(error, TimeoutError):
                raise AvatarError(f"{speaker!r} is not ready yet; try again") from None
            raise

    async def restart(self, sdp: str) -> str:
        """Go on over another path: an offer that restarts ICE, to its answer.

        Raises AvatarError.
        """
        assert self.session
        check_offer(sdp)
        self._candidates = self._new_filter()
        return await self.session.restart(self._candidates.filter(sdp))

    def come_back(self, session_id: str, key: str) -> PageLink:
        """Take up the call that another WebSocket has left, or may have.

        Raises GoneError if there is none or the key is not its own, TokenError, TooManyError.
        """
        call, link = self.services.resumption.find(session_id, key)
        self.grant.check_speaker(call.speaker)
        self.grant.check_session(call.id)
        self.services.sessions.move(call, self.address)
        self.session = call
        return link

    async def candidate(self, text: str, mid: str | None, line: int | None) -> None:
        """A trickled ICE candidate; those that lead where they must not are dropped."""
        if self.session and (not text or self._candidates.allows(text.removeprefix("candidate:"))):
            await self.session.add_candidate(text, mid, line)

    def _new_filter(self) -> CandidateFilter:
        config = self.services.config
        return CandidateFilter(self.address, config.limits.candidates, config.private_candidates)

    async def switch(self, name: str) -> None:
        """Go on with another speaker. Raises AvatarError."""
        if self.session:
            await self.session.switch(self.may_see(name))
