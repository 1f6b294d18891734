"""`POST /calls/{session}/gesture`: the face of a running call nods, or whatever is asked for."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from streaming.security.access import AccessControl, address_of
from streaming.security.tokens import bearer
from streaming.server.find_call import find_call
from streaming.server.state import ServerState, state_of
from streaming.webrtc.messages import MakeGesture

router = APIRouter()


@router.post("/calls/{session}/gesture", status_code=204)
async def make_gesture(
    session: str,
    wanted: MakeGesture,
    request: Request,
    state: Annotated[ServerState, Depends(state_of)],
) -> None:
    """Have the face make a gesture, from the next picture on."""
    access: AccessControl = request.app.state.access
    access.rate_limiter.count_try(address_of(request))
    grant = access.admit(bearer(request.headers), "speak")
    find_call(state.sessions, grant, session).avatar_stream.gesture(wanted.gesture)
