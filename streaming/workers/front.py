"""The process with the public address: it lets in, places calls on workers, and passes on.

What a request means is the worker's matter. Here stands what needs all workers at once: which of
them is meant, how often an address tries, health, metrics, and the end.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from prometheus_client import REGISTRY
from starlette.types import Lifespan

from avatar.errors import AvatarError
from streaming.core.config import ServeConfig
from streaming.render.client import RenderClient
from streaming.security.access import AccessControl, address_of
from streaming.security.tokens import bearer
from streaming.server import livetalking
from streaming.server.app import BODY_LIMIT, LARGE_BODIES
from streaming.server.errors import refuse
from streaming.server.request_body import BodyLimits
from streaming.workers import front_health
from streaming.workers.forward_http import forward
from streaming.workers.front_gauges import FrontGauges
from streaming.workers.front_sockets import passing, speaking, viewing
from streaming.workers.front_state import FrontState, front_of
from streaming.workers.known_call import WantedCall
from streaming.workers.named_session import named_session
from streaming.workers.placement import CallServer, Placement
from streaming.workers.worker_pool import WorkerPool

CALL_ID = re.compile(r"[0-9a-f]{16}")
NO_CALL = ("/verify",)  # POSTs that count their own tries, all in one worker
NAMED_IN_BODY = {
    route.path for route in livetalking.router.routes if isinstance(route, APIRoute)
}  # POSTs whose body names a call
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_front(config: ServeConfig, renderer: RenderClient, pool: WorkerPool) -> FastAPI:
    """The application before `pool`; it starts and ends the workers, and ends the renderer.

    Raises AvatarError if `config` would let strangers in unchecked.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running_front(config, renderer, pool) as app.state.server:
            yield

    return front_app(config, lifespan)


@asynccontextmanager
async def running_front(
    config: ServeConfig, renderer: RenderClient, pool: WorkerPool
) -> AsyncIterator[FrontState]:
    """The workers and the renderer, started and ended. Raises AvatarError."""
    await renderer.attach()
    await pool.start()
    front = FrontState(config, renderer, pool, pool)
    gauges = FrontGauges(front)
    REGISTRY.register(gauges)
    yield front
    REGISTRY.unregister(gauges)
    if not pool.stopping:
        await pool.drain(0)
    await front.lag.stop()
    await renderer.stop()


def front_app(
    config: ServeConfig, lifespan: Lifespan[FastAPI] | None = None, *more: APIRouter
) -> FastAPI:
    """The routes of a front, and `more`; `state.server` has to be its FrontState.

    Raises AvatarError if it would let strangers in unchecked.
    """
    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.state.config, app.state.access = config, AccessControl(config)
    app.add_middleware(BodyLimits, default=BODY_LIMIT, of_paths=LARGE_BODIES)
    app.add_exception_handler(AvatarError, refuse)
    for router in (front_health.router, *more):
        app.include_router(router)
    app.add_api_websocket_route("/view/ws", viewing)
    app.add_api_websocket_route("/speak", speaking)
    app.add_api_websocket_route("/{path:path}", passing)
    app.add_api_route("/{path:path}", request, methods=METHODS)
    return app


async def request(request: Request) -> Response:
    """Whatever is no WebSocket, passed on to the worker that it concerns."""
    placement, body = front_of(request).placement, None
    calls = request.method == "POST" and request.url.path not in NO_CALL
    if calls:
        request.app.state.access.rate_limiter.count_try(address_of(request))
    if calls and request.url.path in NAMED_IN_BODY:
        request.app.state.access.admit(bearer(request.headers), "speak")
        body = await request.body()
    server = await _owner(request, placement, body)
    if server is None:
        server = await (placement.roomiest() if calls else placement.first())
    return await forward(request, server.address, body)


async def _owner(request: Request, placement: Placement, body: bytes | None) -> CallServer | None:
    """The one that has the call which a request names, if it names one."""
    names = tuple(CALL_ID.findall(f"{request.url.path} {request.url.query}"))
    number = named_session(request.headers.get("content-type", ""), body) if body else None
    if not names and number is None:
        return None
    return await placement.owner(WantedCall(names, number))
