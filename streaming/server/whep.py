"""WHEP: a call for players and GStreamer, which send an SDP offer and get an SDP answer."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from streaming.security.access import AccessControl, address_of
from streaming.security.tokens import bearer
from streaming.server.call_handler import CallHandler
from streaming.server.errors import UnknownCallError
from streaming.server.request_body import described
from streaming.server.state import ServerState, state_of

SDP = "application/sdp"
router = APIRouter()
State = Annotated[ServerState, Depends(state_of)]


@router.post("/whep/{speaker}", status_code=201, openapi_extra=described(SDP, {"type": "string"}))
async def begin(speaker: str, request: Request, state: State) -> Response:
    """Begin a call with a speaker. It ends by DELETE, or when packets stop for 3 s."""
    access: AccessControl = request.app.state.access
    address = address_of(request)
    access.rate_limiter.count_try(address)
    grant = access.admit(bearer(request.headers), "talk")
    if request.headers.get("content-type", "").partition(";")[0].strip() != SDP:
        raise HTTPException(415, f"the body must be an offer of type {SDP}")
    offer = (await request.body()).decode("utf-8", "replace")
    handler = CallHandler(state.services, address, grant)
    answer = await handler.call(offer, speaker, lambda _: None, labelled=True)
    assert handler.session
    where = {"Location": f"/whep/{speaker}/{handler.session.id}"}
    return Response(answer, 201, where, SDP)


@router.delete("/whep/{speaker}/{session}")
async def end(speaker: str, session: str, request: Request, state: State) -> Response:
    """End the call."""
    access: AccessControl = request.app.state.access
    access.admit(bearer(request.headers), "talk").check_speaker(speaker)
    call = state.sessions.find(session)
    if call is None or call.speaker != speaker:
        raise UnknownCallError(f"there is no call {session!r}; it has ended, or never was")
    await call.close("the player hung up")
    return Response(status_code=200)
