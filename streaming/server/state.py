"""What lives as long as the server, for every request to find."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from streaming.render.client import RenderClient
from streaming.server.call_handler import CallServices
from streaming.server.loop_lag import LoopLag
from streaming.server.session_manager import SessionManager

if TYPE_CHECKING:
    from streaming.server.talks import Talks


@dataclass
class ServerState:
    """What lives as long as the server."""

    worker: RenderClient
    services: CallServices
    lag: LoopLag
    talks: "Talks"

    @property
    def sessions(self) -> SessionManager:
        return self.services.sessions


def state_of(connection: HTTPConnection) -> ServerState:
    """The state of the server that a request or a WebSocket came to."""
    state: ServerState = connection.app.state.server
    return state
