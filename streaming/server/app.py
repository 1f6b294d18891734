"""The web server: signalling, speakers, health, and the page itself."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import (
    Depends,
    FastAPI,
    Request,
    Response,
)
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import REGISTRY

from avatar.errors import AvatarError
from streaming.core.config import ServeConfig, make_ice_servers
from streaming.doors.livetalking import CallSpeech, session_number
from streaming.marks.label import Label
from streaming.render.client import RenderClient
from streaming.security.access import AccessControl, AccessError, address_of
from streaming.security.sdp_check import OFFER_LIMIT
from streaming.security.tokens import ANY_SPEAKER, Grant, bearer
from streaming.server import (
    debug,
    gestures,
    health,
    livekit_join,
    livetalking,
    memory,
    recordings,
    talks,
    verify,
    whep,
)
from streaming.server.call_handler import CallHandler, CallServices
from streaming.server.call_ledger import CallLedger
from streaming.server.errors import refuse, refuse_unread
from streaming.server.gallery import Gallery, GalleryEntry
from streaming.server.gauges import ServerGauges
from streaming.server.loop_lag import LoopLag
from streaming.server.request_body import BodyLimit, BodyLimits
from streaming.server.session_manager import SessionManager
from streaming.server.state import ServerState, state_of
from streaming.server.talks import Talks
from streaming.server.upload_limit import UploadLimit
from streaming.server.uvicorn_server import HEAD_TIMEOUT_S
from streaming.server.websockets import signalling, speaking, viewing
from streaming.talk.plan import load_plan
from streaming.webrtc.aiortc_patches.install import install
from streaming.webrtc.messages import Answer, Offer
from streaming.webrtc.session import Notify, Session

log = logging.getLogger(__name__)

BODY_LIMIT = BodyLimit(OFFER_LIMIT, HEAD_TIMEOUT_S)  # where no other is named
LARGE_BODIES = {
    "/verify": verify.VIDEO_LIMIT,
    "/recording": recordings.RECORDING_LIMIT,
    "/humanaudio": livetalking.SOUND_LIMIT,
}
WEB = Path(__file__).parents[1] / "web"
PROBES = ("/healthz", "/readyz", "/metrics")  # asked for by name or address, past any proxy
CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob: mediastream:; "
    "connect-src 'self' ws: wss:; style-src 'self'; frame-ancestors *"
)


class PostedAnswer(Answer):
    """The answer to an offer of a simple client that needs no events."""

    sessionid: int | None = None
    "what LiveTalking's pages call it"


def create_app(
    config: ServeConfig, worker: RenderClient, ledger: CallLedger | None = None
) -> FastAPI:
    """The application around a renderer that is ready; it stops `worker` when it ends.

    `ledger`: of all processes that share the limits.
    Raises AvatarError if the configuration would let strangers in unchecked, names conversations
    that cannot be held, or aiortc is not one that this program knows.
    """
    install()
    gallery = Gallery(worker.ready.previews, worker.refused, worker.can_do)
    ice_servers = make_ice_servers(config)
    plan = load_plan(config.talk)

    def new_session(notify: Notify, labelled: bool) -> Session:
        label = Label(config.marks.word) if labelled and config.marks.label else None
        budget, servers = worker.budget, ice_servers.for_peer()
        return Session(
            worker,
            budget,
            servers,
            notify,
            config.block_code,
            config.limits,
            config.marks.watermark,
            config.motion,
            label,
        )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        memory.prepare()
        await worker.attach()
        sessions = SessionManager(worker, config, ledger)
        worker.when_refused = sessions.end_refused
        lag = LoopLag()
        services = CallServices(config, sessions, gallery, worker.ready.first, new_session)
        app.state.server = ServerState(worker, services, lag, Talks(plan, sessions))
        gauges = ServerGauges(sessions, worker, config.marks)
        REGISTRY.register(gauges)
        yield
        REGISTRY.unregister(gauges)
        await sessions.close_all("the server is stopping")
        await lag.stop()
        await worker.stop()

    app = FastAPI(
        title="Speech2Lip live",
        summary="A digital human that speaks with the caller's voice, over WebRTC.",
        strict_content_type=False,  # foreign pages are told by their Origin
        lifespan=lifespan,
    )
    app.state.config, app.state.gallery = config, gallery
    app.state.access, app.state.ice_servers = AccessControl(config), ice_servers
    app.state.upload_limit, app.state.recording_limit = UploadLimit(), UploadLimit(4)
    app.add_middleware(BodyLimits, default=BODY_LIMIT, of_paths=LARGE_BODIES)
    app.middleware("http")(_guard)
    app.add_exception_handler(AvatarError, refuse)
    app.add_exception_handler(RequestValidationError, refuse_unread)
    app.include_router(health.router)
    app.include_router(debug.router)
    app.add_api_route("/speakers", speakers, methods=["GET"])
    app.add_api_route("/speakers/{name}/preview.jpg", preview, methods=["GET"])
    app.add_api_route("/offer", offer, methods=["POST"], response_model_exclude_none=True)
    app.add_api_websocket_route("/ws", signalling)
    app.add_api_route("/view", view_page, methods=["GET"], include_in_schema=False)
    app.add_api_websocket_route("/view/ws", viewing)
    app.add_api_websocket_route("/speak", speaking)
    app.add_api_route("/verify", verify_page, methods=["GET"], include_in_schema=False)
    app.include_router(verify.router)
    app.include_router(recordings.router)
    app.include_router(whep.router)
    app.include_router(livekit_join.router)
    app.include_router(talks.router)
    app.include_router(gestures.router)
    if config.compat == "livetalking":
        app.state.call_speech = CallSpeech()
        app.include_router(livetalking.router)
    app.mount("/", StaticFiles(directory=WEB, html=True))
    return app


async def _guard(request: Request, call_next: Callable[[Request], object]) -> Response:
    """Refuse foreign pages before any work is done; say what the page may load."""
    access: AccessControl = request.app.state.access
    try:
        if request.url.path not in PROBES:
            access.check(request)
    except AccessError as error:
        return await refuse(request, error)
    response: Response = await call_next(request)  # type: ignore[misc]
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-cache"
    if not request.url.path.startswith(("/docs", "/redoc")):
        response.headers["Content-Security-Policy"] = CONTENT_POLICY
    return response


def _grant(request: Request) -> Grant:
    access: AccessControl = request.app.state.access
    return access.admit(bearer(request.headers), "talk")


async def speakers(
    request: Request, grant: Annotated[Grant, Depends(_grant)]
) -> list[GalleryEntry]:
    """The speakers one can call."""
    gallery: Gallery = request.app.state.gallery
    return [card for card in gallery.cards() if grant.speaker in (ANY_SPEAKER, card.name)]


async def preview(
    name: str, request: Request, grant: Annotated[Grant, Depends(_grant)]
) -> FileResponse:
    """A speaker's picture."""
    gallery: Gallery = request.app.state.gallery
    grant.check_speaker(name)
    return FileResponse(gallery.preview(name), media_type="image/jpeg")


def _caller(request: Request, state: Annotated[ServerState, Depends(state_of)]) -> CallHandler:
    """Whoever asks for a call, if the token is good for one."""
    address = address_of(request)
    request.app.state.access.rate_limiter.count_try(address)
    return CallHandler(state.services, address, _grant(request))


async def offer(wanted: Offer, caller: Annotated[CallHandler, Depends(_caller)]) -> PostedAnswer:
    """Begin a call without a WebSocket. It ends when the caller's packets stop for 3 s."""
    answer = await caller.call(wanted.sdp, wanted.speaker or "", lambda _: None, labelled=True)
    assert caller.session
    number = session_number(caller.session.id) if caller.services.config.compat else None
    return PostedAnswer(sdp=answer, session_id=caller.session.id, sessionid=number)


async def view_page() -> FileResponse:
    """The page that only shows; what it may see, it asks for at `/view/ws`."""
    return FileResponse(WEB / "view.html")


async def verify_page() -> FileResponse:
    """The page that takes a video and shows what `POST /verify` says of it."""
    return FileResponse(WEB / "verify.html")
