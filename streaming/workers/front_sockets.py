"""WebSockets, each passed on to the worker that it concerns."""

import asyncio

from fastapi import WebSocket

from avatar.errors import AvatarError
from streaming.security.tokens import Grant, Role
from streaming.security.websocket_auth import shown_token
from streaming.server.websockets import let_in
from streaming.webrtc.messages import Token
from streaming.workers.addresses import Address
from streaming.workers.forward_socket import forward_socket
from streaming.workers.front_state import front_of
from streaming.workers.known_call import WantedCall
from streaming.workers.placement import CallServer

POLL_INTERVAL_S = 0.25  # between looks for a call to look at


async def passing(socket: WebSocket) -> None:
    """A page that will make a call, on the worker with the most room."""

    async def serve() -> None:
        await _pass_to(await front_of(socket).placement.roomiest(), socket, [])

    await let_in(socket, serve)


async def viewing(socket: WebSocket) -> None:
    """A page that looks at the newest call it may see, as soon as there is one."""

    async def serve() -> None:
        grant, said = await _authenticate(socket, "view")
        owner = await _wait_for_call(socket, grant)
        if owner:
            await _pass_to(owner, socket, said)

    await let_in(socket, serve)


async def speaking(socket: WebSocket) -> None:
    """An agent that speaks in a call."""

    async def serve() -> None:
        grant, said = await _authenticate(socket, "speak")
        wanted = socket.query_params.get("session", "") or grant.session
        placement = front_of(socket).placement
        owner = await placement.owner(WantedCall.reached_by(grant, wanted))
        # One that has no such call says so in its own words.
        await _pass_to(owner or await placement.first(), socket, said)

    await let_in(socket, serve)


async def _authenticate(socket: WebSocket, role: Role) -> tuple[Grant, list[str]]:
    """What a page may do, and what of its words the worker has to hear again."""
    access = socket.app.state.access
    token = await shown_token(socket, access, front_of(socket).config.limits.token_s)
    grant = access.admit(token, role)
    if access.needs_token and "authorization" not in socket.headers:
        return grant, [Token(token=token).as_text()]
    return grant, []


async def _wait_for_call(socket: WebSocket, grant: Grant) -> CallServer | None:
    """The one with the newest call; None if the page leaves. Raises AvatarError if it speaks."""
    wanted = WantedCall.reached_by(grant, grant.session)
    heard = asyncio.create_task(socket.receive())
    try:
        while not heard.done():
            owner = await front_of(socket).placement.owner(wanted)
            if owner and not heard.done():
                return owner
            await asyncio.wait([heard], timeout=POLL_INTERVAL_S)
        if heard.result()["type"] != "websocket.disconnect":
            raise AvatarError("there is no call to look at yet; wait for hello")
        return None
    finally:
        heard.cancel()
        await asyncio.gather(heard, return_exceptions=True)


async def _pass_to(server: CallServer, socket: WebSocket, said: list[str]) -> None:
    placement = front_of(socket).placement

    async def find(session: str) -> Address | None:
        owner = await placement.owner(WantedCall((session,)))
        return owner.address if owner else None

    with server.connected():
        await forward_socket(socket, server.address, find, said)
