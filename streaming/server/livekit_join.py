"""`POST /livekit/join`: a face of this server joins a room of LiveKit as an agent's avatar."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, Field

from avatar.errors import AvatarError
from streaming.doors.livekit_token import agent_of
from streaming.security.access import AccessControl, address_of
from streaming.security.tokens import bearer
from streaming.server.call_handler import CallHandler
from streaming.server.state import ServerState, state_of

MISSING = "LiveKit is missing here: pip install 'speech2lip-live[livekit]'"

router = APIRouter()


class JoinRequest(BaseModel):
    """A room, and a token for it as an agent's avatar."""

    url: str = Field(max_length=2048)
    token: str = Field(max_length=16_384)
    speaker: str | None = None


class JoinResponse(BaseModel):
    """The call, which ends when the room does, or when the agent leaves."""

    session_id: str


@router.post("/livekit/join")
async def join(
    room: JoinRequest, request: Request, state: Annotated[ServerState, Depends(state_of)]
) -> JoinResponse:
    """Join a room as an agent's avatar. Its server must be one of `livekit_servers`."""
    access: AccessControl = request.app.state.access
    address = address_of(request)
    access.rate_limiter.count_try(address)
    handler = CallHandler(state.services, address, access.admit(bearer(request.headers), "talk"))
    speaker = handler.may_see(room.speaker or handler.speaker)
    config = state.services.config
    if room.url.rstrip("/") not in [url.rstrip("/") for url in config.livekit_servers]:
        raise HTTPException(403, f"{room.url} is not among this server's livekit_servers")
    agent = agent_of(room.token)
    try:
        from streaming.doors.livekit_call import LiveKitCall
    except ImportError:
        raise HTTPException(501, MISSING) from None
    call = state.sessions.open(
        lambda: LiveKitCall(state.worker, config.marks, config.limits), address
    )
    try:
        async with asyncio.timeout(config.limits.connecting_s):
            await call.join(room.url, room.token, agent, speaker)
    except BaseException as error:
        await call.close("the room could not be joined")
        if isinstance(error, TimeoutError):
            raise AvatarError(f"the room at {room.url} did not answer in time") from None
        raise
    return JoinResponse(session_id=call.id)
