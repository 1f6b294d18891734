"""The WebSockets of the pages: who may open them, and what serves them."""

from collections.abc import Awaitable, Callable

from fastapi import WebSocket, WebSocketDisconnect

from avatar.errors import AvatarError
from streaming.doors.speak_socket import DEFAULT_RATE, SpeakSocket
from streaming.security.access import AccessError, address_of
from streaming.security.tokens import Grant, Role
from streaming.security.websocket_auth import authenticate
from streaming.server.call_handler import CallHandler
from streaming.server.errors import POLICY_REFUSED, dismiss
from streaming.server.find_call import find_call
from streaming.server.signalling import Signalling
from streaming.server.state import ServerState
from streaming.server.view_signalling import ViewSignalling


async def signalling(socket: WebSocket) -> None:
    """The page's connection: see streaming/server/signalling.py for the messages."""

    async def serve(grant: Grant) -> None:
        server: ServerState = socket.app.state.server
        handler = CallHandler(server.services, address_of(socket), grant)
        await Signalling(socket, handler, server.talks).run(socket.app.state.ice_servers)

    await _receive(socket, "talk", serve)


async def viewing(socket: WebSocket) -> None:
    """The connection of `/view`: see streaming/server/view_signalling.py for the messages."""

    async def serve(grant: Grant) -> None:
        page = ViewSignalling(socket, socket.app.state.server.services, address_of(socket), grant)
        await page.run(socket.app.state.ice_servers)

    await _receive(socket, "view", serve)


async def speaking(socket: WebSocket) -> None:
    """The connection of an agent: see streaming/doors/speak_messages.py for the messages."""

    async def serve(grant: Grant) -> None:
        rate, sessions = socket.query_params.get("rate", ""), socket.app.state.server.sessions
        if rate and not rate.isdecimal():
            raise AvatarError(f"a rate of {rate!r} is no number; give samples a second")
        call = find_call(sessions, grant, socket.query_params.get("session", ""))
        await SpeakSocket(socket, call, int(rate or DEFAULT_RATE)).run()

    await _receive(socket, "speak", serve)


async def _receive(
    socket: WebSocket, role: Role, serve: Callable[[Grant], Awaitable[None]]
) -> None:
    """Let a page in if its token is good for `role`, and serve it."""
    state = socket.app.state

    async def known() -> None:
        await serve(await authenticate(socket, state.access, role, state.config.limits.token_s))

    await let_in(socket, known)


async def let_in(socket: WebSocket, serve: Callable[[], Awaitable[None]]) -> None:
    """Serve a page, unless it is foreign or its address takes too much.

    `serve` may raise AvatarError, which the page is told, or WebSocketDisconnect.
    """
    state, address = socket.app.state, address_of(socket)
    try:
        state.access.check(socket)
    except AccessError:
        await socket.close(POLICY_REFUSED)
        return
    await socket.accept()
    try:
        state.access.rate_limiter.count_try(address)
        with state.access.rate_limiter.hold(address):
            await serve()
    except AvatarError as error:
        await dismiss(socket, error)
    except WebSocketDisconnect:
        pass  # it left without a word
