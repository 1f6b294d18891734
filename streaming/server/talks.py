"""The conversations of a server: which call has one, and what a page may know of it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request

from avatar.errors import AvatarError
from streaming.media.call import Call
from streaming.security.access import AccessControl
from streaming.security.tokens import bearer
from streaming.server.session_manager import SessionManager
from streaming.server.state import ServerState, state_of
from streaming.talk.plan import TalkPlan
from streaming.webrtc.messages import Message, TalkError, TalkOffer, TalkState

if TYPE_CHECKING:
    from streaming.talk.conversation import Conversation

log = logging.getLogger(__name__)

WITHOUT_TALK = "this server holds no conversations; start it with --talk"

router = APIRouter()


@router.get("/talk")
async def talk(
    request: Request, state: Annotated[ServerState, Depends(state_of)]
) -> TalkOffer | None:
    """Whether calls can be conversations, and where sound and text go to then."""
    access: AccessControl = request.app.state.access
    access.admit(bearer(request.headers), "talk")
    return state.talks.offer


@dataclass
class _Running:
    conversation: "Conversation"
    task: asyncio.Task[None]


class Talks:
    """At most one conversation a call; it rests while the call is a mirror, and ends with it."""

    def __init__(self, plan: TalkPlan | None, sessions: SessionManager) -> None:
        self._plan, self._sessions = plan, sessions
        if plan:
            import streaming.talk.conversation  # noqa: F401 - seconds, not while calls run
        self._running: dict[str, _Running] = {}
        self._known: dict[str, Conversation] = {}  # running, or resting
        self._forgetting: set[asyncio.Task[None]] = set()

    @property
    def offer(self) -> TalkOffer | None:
        return self._plan.offer if self._plan else None

    def begin(self, call: Call, notify: Callable[[Message], None]) -> "Conversation":
        """The conversation of `call`, held from now on. Raises AvatarError."""
        if self._plan is None:
            raise AvatarError(WITHOUT_TALK)
        if running := self._running.get(call.id):
            return running.conversation
        if not self._sessions.has_room_to_talk:
            raise AvatarError("the server has no room for another conversation; try again later")
        conversation = self._known.get(call.id) or self._new(self._plan, call)
        task = asyncio.get_running_loop().create_task(self._hold(call, conversation, notify))
        call.talking = True
        self._running[call.id] = _Running(conversation, task)
        return conversation

    def _new(self, plan: TalkPlan, call: Call) -> "Conversation":
        from streaming.talk.conversation import Conversation

        self._known[call.id] = conversation = Conversation(plan, call)
        forgetting = asyncio.get_running_loop().create_task(self._forget(call))
        self._forgetting.add(forgetting)
        forgetting.add_done_callback(self._forgetting.discard)
        return conversation

    async def _forget(self, call: Call) -> None:
        await call.closed.wait()
        del self._known[call.id]

    async def begun(self, call: Call) -> "Conversation":
        """As `begin`, once it listens. Raises AvatarError."""
        conversation = self.begin(call, lambda _message: None)
        running = self._running[call.id]
        ready = asyncio.create_task(conversation.ready.wait())
        await asyncio.wait([ready, running.task], return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if not conversation.ready.is_set():
            raise AvatarError("the conversation could not begin; the server's log says why")
        return conversation

    def find(self, call: Call) -> "Conversation | None":
        """The conversation that a call has."""
        running = self._running.get(call.id)
        return running.conversation if running else None

    def of(self, call: Call) -> "Conversation":
        """The conversation that a call has. Raises AvatarError if it has none."""
        if conversation := self.find(call):
            return conversation
        raise AvatarError(WITHOUT_TALK if self._plan is None else "the conversation is over")

    async def end(self, call: Call) -> None:
        """The call is a mirror again."""
        if running := self._running.get(call.id):
            running.task.cancel()
            await asyncio.gather(running.task, return_exceptions=True)

    async def _hold(
        self, call: Call, conversation: "Conversation", notify: Callable[[Message], None]
    ) -> None:
        """Until the conversation or the call is over."""
        work = [asyncio.create_task(one) for one in (conversation.run(notify), call.closed.wait())]
        try:
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in work:
                task.cancel()
            outcome, _ = await asyncio.gather(*work, return_exceptions=True)
            del self._running[call.id]
            call.talking = False
            if isinstance(outcome, AvatarError):
                log.warning("a conversation could not go on: %s", outcome)
                notify(TalkError(message=f"{outcome}. The call goes on."))
            elif isinstance(outcome, Exception):
                log.error("a conversation failed", exc_info=outcome)
                notify(TalkError(message="The conversation failed. The call goes on."))
            if not (call.closed.is_set() or isinstance(outcome, asyncio.CancelledError)):
                notify(TalkState(state="over"))
