"""What lives as long as the process with the public address."""

from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from streaming.core.config import ServeConfig
from streaming.render.client import RenderClient
from streaming.server.loop_lag import LoopLag
from streaming.workers.placement import Placement
from streaming.workers.worker_pool import WorkerPool


@dataclass
class FrontState:
    """For every request to find."""

    config: ServeConfig
    renderer: RenderClient
    pool: WorkerPool
    placement: Placement
    "Whom requests and pages are passed on to: the pool, or machines beyond it too."
    lag: LoopLag = field(default_factory=LoopLag)

    @property
    def limit(self) -> int:
        """Calls that all workers together admit: as configured, or as the machine carries now."""
        return self.config.max_sessions or self.renderer.capacity.callers

    @property
    def sessions(self) -> WorkerPool:
        """What the web server drains."""
        return self.pool


def front_of(connection: HTTPConnection) -> FrontState:
    """The state of the process that a request or a WebSocket came to."""
    state: FrontState = connection.app.state.server
    return state
