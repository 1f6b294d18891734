"""What an operator may look at: why pictures of a call were late."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from streaming.media.avatar_stream import needed_sound
from streaming.media.call import Call
from streaming.media.trace import Fate, FrameTrace, Stage
from streaming.security.access import AccessControl
from streaming.security.tokens import bearer
from streaming.server.errors import UnknownCallError
from streaming.server.state import state_of

router = APIRouter(prefix="/debug")


class FrameReport(BaseModel):
    """One frame; times in milliseconds after the last sound that its picture needs was due."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    number: int
    fate: Fate
    late: Stage | None
    "What made it late, if it was repeated or skipped."
    sound_complete: float | None
    submitted: float | None
    "To the rendering process."
    rendered: float | None
    shown: float | None
    encoded: float | None


class CallReport(BaseModel):
    """A call and its frames of the last ten seconds."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: str
    speaker: str
    viewers: int
    planned: float
    "When frames should be shown, on the same scale."
    frames: list[FrameReport]


@router.get("/calls/{session}")
async def call(session: str, request: Request) -> CallReport:
    """The stages of every frame of a running call, for the last ten seconds, oldest first.

    Needs a token of role `operate`.
    """
    access: AccessControl = request.app.state.access
    grant = access.admit(bearer(request.headers), "operate")
    grant.check_session(session)
    found = state_of(request).sessions.find(session)
    if found is None:
        raise UnknownCallError(f"there is no call {session!r} now")
    grant.check_speaker(found.speaker)
    return _report(found)


def _report(call: Call) -> CallReport:
    stream = call.avatar_stream
    return CallReport(
        id=call.id,
        speaker=call.speaker,
        viewers=call.viewers,
        planned=round((stream.clock.delay - needed_sound(stream.lookahead)) * 1000, 1),
        frames=[_frame(trace) for trace in stream.traces.recent()],
    )


def _frame(trace: FrameTrace) -> FrameReport:
    return FrameReport(
        number=trace.number,
        fate=trace.fate,
        late=trace.late,
        sound_complete=trace.after_due(trace.sound_complete),
        submitted=trace.after_due(trace.submitted),
        rendered=trace.after_due(trace.rendered),
        shown=trace.after_due(trace.shown),
        encoded=trace.after_due(trace.encoded),
    )
