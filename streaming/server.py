"""The web server: signalling, speakers, health, and the page itself."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field, ValidationError

from avatar.errors import AvatarError
from streaming import bitrates, jitter_buffer
from streaming.config import ServeConfig, ice_server, page_ice_servers
from streaming.loop_lag import LoopLag
from streaming.render_worker import RenderWorker
from streaming.sessions import RETRY_AFTER, ServerFullError, Sessions
from streaming.signalling import Signalling
from streaming.speakers import Gallery, SpeakerCard

log = logging.getLogger(__name__)

WEB = Path(__file__).parent / "web"
BODY_LIMIT = 64 * 1024  # bytes of an offer
POLICY_REFUSED = 1008  # WebSocket close code: policy violation
CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob: mediastream:; "
    "connect-src 'self' ws: wss:; style-src 'self'; frame-ancestors *"
)


class Offer(BaseModel):
    """An SDP offer of a simple client that needs no events."""

    sdp: str = Field(max_length=BODY_LIMIT)
    type: Literal["offer"]
    speaker: str | None = None


class Answer(BaseModel):
    """The answer to it."""

    sdp: str
    type: Literal["answer"] = "answer"
    session_id: str


class Health(BaseModel):
    """How the server is."""

    status: Literal["ok", "full"]
    speaker: str
    "Shown first."
    sessions: int
    limit: int
    capacity: int
    "Calls the machine was measured to carry."
    delay_ms: float
    "From sound at the server to its picture leaving it."
    picture_ms: float
    "Rendering of one picture, measured at start-up."
    step_ms: float
    "Rendering of one batch, median of the last ten seconds."
    loop_lag_ms: float
    "99th percentile of the event loop's lateness in the last ten seconds."


@dataclass
class Parts:
    """What lives as long as the server."""

    worker: RenderWorker
    sessions: Sessions
    lag: LoopLag


def create_app(config: ServeConfig, worker: RenderWorker) -> FastAPI:
    """The application around a renderer that is ready; it stops `worker` when it ends."""
    jitter_buffer.install()
    bitrates.install()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await worker.attach()
        sessions = _sessions(config, worker)
        lag = LoopLag()
        app.state.parts = Parts(worker, sessions, lag)
        yield
        await sessions.close_all("the server is stopping")
        await lag.stop()
        await worker.stop()

    app = FastAPI(
        title="Speech2Lip live",
        summary="A digital human that speaks with the caller's voice, over WebRTC.",
        lifespan=lifespan,
    )
    app.state.config, app.state.gallery = config, Gallery(worker.ready.previews)
    app.middleware("http")(_guard)
    app.add_api_route("/healthz", healthz, methods=["GET"])
    app.add_api_route("/speakers", speakers, methods=["GET"])
    app.add_api_route("/speakers/{name}/preview.jpg", preview, methods=["GET"])
    app.add_api_route("/offer", offer, methods=["POST"], openapi_extra=_offer_body())
    app.add_api_websocket_route("/ws", signalling)
    app.mount("/", StaticFiles(directory=WEB, html=True))
    return app


def _sessions(config: ServeConfig, worker: RenderWorker) -> Sessions:
    limit = config.max_sessions or worker.ready.capacity.callers
    servers = [ice_server(address) for address in config.ice_servers]
    return Sessions(worker, limit, servers, config.block_code)


async def _guard(request: Request, call_next: Callable[[Request], object]) -> Response:
    """Refuse foreign pages before any work is done; say what the page may load."""
    config: ServeConfig = request.app.state.config
    if request.method == "POST" and not _origin_allowed(request.headers, config):
        return JSONResponse({"detail": "this page may not call this server"}, 403)
    response: Response = await call_next(request)  # type: ignore[misc]
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-cache"
    if not request.url.path.startswith(("/docs", "/redoc")):
        response.headers["Content-Security-Policy"] = CONTENT_POLICY
    return response


def _origin_allowed(headers: object, config: ServeConfig) -> bool:
    """Browsers always send Origin with WebSockets and POST; programs without one are no danger."""
    origin = headers.get("origin")  # type: ignore[attr-defined]
    if origin is None or origin in config.allowed_origins:
        return True
    return bool(urlsplit(origin).netloc == headers.get("host"))  # type: ignore[attr-defined]


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


async def healthz(parts: Annotated[Parts, Depends(_parts)]) -> Health:
    """How the server is: always 200 while it answers."""
    sessions, capacity = parts.sessions, parts.worker.ready.capacity
    timings = sorted(parts.worker.timings)
    return Health(
        status="full" if len(sessions) >= sessions.limit else "ok",
        speaker=parts.worker.ready.first,
        sessions=len(sessions),
        limit=sessions.limit,
        capacity=capacity.callers,
        delay_ms=round(sessions.delay * 1000, 1),
        picture_ms=round(capacity.picture * 1000, 2),
        step_ms=round(timings[len(timings) // 2] * 1000, 2) if timings else 0.0,
        loop_lag_ms=round(parts.lag.p99() * 1000, 2),
    )


async def speakers(request: Request) -> list[SpeakerCard]:
    """The speakers one can call."""
    gallery: Gallery = request.app.state.gallery
    return gallery.cards()


async def preview(name: str, request: Request) -> FileResponse:
    """A speaker's picture."""
    gallery: Gallery = request.app.state.gallery
    try:
        return FileResponse(gallery.preview(name), media_type="image/jpeg")
    except AvatarError as error:
        raise HTTPException(404, str(error)) from error


async def offer(request: Request, parts: Annotated[Parts, Depends(_parts)]) -> Answer:
    """Begin a call without a WebSocket. It ends when the caller's packets stop for five seconds."""
    wanted = await _read_offer(request)
    gallery: Gallery = request.app.state.gallery
    try:
        name = gallery.check(wanted.speaker or parts.worker.ready.first)
        session = parts.sessions.open(lambda _: None)
    except ServerFullError as error:
        raise HTTPException(503, str(error), {"Retry-After": str(RETRY_AFTER)}) from error
    except AvatarError as error:
        raise HTTPException(404, str(error)) from error
    try:
        answer = await session.answer(wanted.sdp, name)
    except AvatarError as error:
        await session.close("the offer was refused")
        raise HTTPException(400, str(error)) from error
    return Answer(sdp=answer, session_id=session.id)


async def _read_offer(request: Request) -> Offer:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_LIMIT:
            raise HTTPException(413, f"an offer has at most {BODY_LIMIT} bytes")
    try:
        return Offer.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(422, 'the body must be {"sdp": ..., "type": "offer"}') from error


def _offer_body() -> dict[str, object]:
    """The body is read by hand, with its limit, so OpenAPI must be told of it."""
    content = {"application/json": {"schema": Offer.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


async def signalling(socket: WebSocket) -> None:
    """The page's connection: see streaming/signalling.py for the messages."""
    state = socket.app.state
    if not _origin_allowed(socket.headers, state.config):
        await socket.close(POLICY_REFUSED)
        return
    await socket.accept()
    page = Signalling(socket, state.parts.sessions, state.gallery, state.parts.worker.ready.first)
    await page.run(page_ice_servers(state.config))
