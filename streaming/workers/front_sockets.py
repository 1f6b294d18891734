"""WebSockets, each passed on to the worker that it concerns."""

import asyncio
from pathlib import Path

from fastapi import WebSocket

from avatar.errors import AvatarError
from streaming.security.tokens import Grant, Role
from streaming.security.websocket_auth import shown_token
from streaming.server.websockets import let_in
from streaming.webrtc.messages import Token
from streaming.workers.forward_socket import forward_socket
from streaming.workers.front_state import front_of
from streaming.workers.media_worker import KnownCall
from streaming.workers.worker_pool import MediaWorker

POLL_INTERVAL_S = 0.25  # between looks for a call to look at


async def passing(socket: WebSocket) -> None:
    """A page that will make a call, on the worker with the most room."""

    async def serve() -> None:
        await _pass_to(front_of(socket).pool.roomiest(), socket, [])

    await let_in(socket, serve)


async def viewing(socket: WebSocket) -> None:
    """A page that looks at the newest call it may see, as soon as there is one."""

    async def serve() -> None:
        grant, said = await _authenticate(socket, "view")
        worker = await _wait_for_call(socket, grant)
        if worker:
            await _pass_to(worker, socket, said)

    await let_in(socket, serve)


async def speaking(socket: WebSocket) -> None:
    """An agent that speaks in a call."""

    async def serve() -> None:
        grant, said = await _authenticate(socket, "speak")
        wanted = socket.query_params.get("session", "") or grant.session
        worker = await front_of(socket).pool.owner(
            lambda call: wanted in ("", call.id) and _may_reach(grant, call)
        )
        # One that has no such call says so in its own words.
        await _pass_to(worker or front_of(socket).pool.first(), socket, said)

    await let_in(socket, serve)


async def _authenticate(socket: WebSocket, role: Role) -> tuple[Grant, list[str]]:
    """What a page may do, and what of its words the worker has to hear again."""
    access = socket.app.state.access
    token = await shown_token(socket, access, front_of(socket).config.limits.token_s)
    grant = access.admit(token, role)
    if access.needs_token and "authorization" not in socket.headers:
        return grant, [Token(token=token).as_text()]
    return grant, []


async def _wait_for_call(socket: WebSocket, grant: Grant) -> MediaWorker | None:
    """The worker with the newest call; None if the page leaves. Raises AvatarError if it speaks."""
    heard = asyncio.create_task(socket.receive())
    try:
        while not heard.done():
            worker = await front_of(socket).pool.owner(lambda call: _may_reach(grant, call))
            if worker and not heard.done():
                return worker
            await asyncio.wait([heard], timeout=POLL_INTERVAL_S)
        if heard.result()["type"] != "websocket.disconnect":
            raise AvatarError("there is no call to look at yet; wait for hello")
        return None
    finally:
        heard.cancel()
        await asyncio.gather(heard, return_exceptions=True)


async def _pass_to(worker: MediaWorker, socket: WebSocket, said: list[str]) -> None:
    pool = front_of(socket).pool

    async def find(session: str) -> Path | None:
        owner = await pool.owner(lambda call: call.id == session)
        return owner.place.address if owner else None

    with worker.connected():
        await forward_socket(socket, worker.place.address, find, said)


def _may_reach(grant: Grant, call: KnownCall) -> bool:
    return call.begun is not None and grant.allows(call.speaker, call.id)
