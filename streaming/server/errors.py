"""How a refusal reaches the other side: an HTTP status, or an `error` message to a page."""

import contextlib

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from avatar.errors import AvatarError
from streaming.core import metrics
from streaming.render.picture_memory import NoSharedMemoryError
from streaming.security.access import AccessError
from streaming.security.rate_limit import TooManyError
from streaming.security.tokens import TokenError
from streaming.server.gallery import UnknownSpeakerError
from streaming.server.resumption import GoneError
from streaming.server.session_manager import RETRY_AFTER_S, ServerFullError, ServerStoppingError
from streaming.webrtc.messages import Error, ErrorCode

POLICY_REFUSED = 1008  # WebSocket close code: policy violation
RETRY_HEADERS = {"Retry-After": str(RETRY_AFTER_S)}


class UnknownCallError(AvatarError):
    """There is no such call."""


class NotReadyError(AvatarError):
    """There is nobody to take it now, but there will be."""

    def __init__(self) -> None:
        super().__init__("the server is starting again; try again in a few seconds")


# error -> HTTP status, code for pages, headers
KINDS: tuple[tuple[type[Exception], int, ErrorCode, dict[str, str]], ...] = (
    (TokenError, 401, "token", {"WWW-Authenticate": "Bearer"}),
    (AccessError, 403, "refused", {}),
    (UnknownSpeakerError, 404, "refused", {}),
    (UnknownCallError, 404, "refused", {}),
    (GoneError, 410, "gone", {}),
    (TooManyError, 429, "too-many", RETRY_HEADERS),
    (ServerFullError, 503, "full", RETRY_HEADERS),
    (NoSharedMemoryError, 503, "full", RETRY_HEADERS),
    (NotReadyError, 503, "full", RETRY_HEADERS),
    (ServerStoppingError, 503, "stopping", RETRY_HEADERS),
)
OTHERS: tuple[int, ErrorCode, dict[str, str]] = (400, "refused", {})


async def refuse(_: Request, error: Exception) -> Response:
    """Say in the answer to a request what is wrong."""
    status, code, headers = _kind(error)
    metrics.REFUSED.labels(code).inc()
    return JSONResponse({"detail": str(error)}, status, headers)


async def refuse_unread(_: Request, error: Exception) -> Response:
    """Say what of a request is not as its model has it."""
    assert isinstance(error, RequestValidationError)
    places = (".".join(map(str, one["loc"][1:])) for one in error.errors())
    said = [f"{place}: {one['msg']}" for place, one in zip(places, error.errors(), strict=True)]
    return JSONResponse({"detail": f"the request is not understood: {'; '.join(said)}"}, 422)


async def dismiss(socket: WebSocket, error: Exception) -> None:
    """Say to a page what is wrong, and close its socket."""
    _, code, _headers = _kind(error)
    metrics.REFUSED.labels(code).inc()
    message = Error(code=code, message=str(error))
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_text(message.as_text())
        await socket.close(POLICY_REFUSED)


def _kind(error: Exception) -> tuple[int, ErrorCode, dict[str, str]]:
    for kind, status, code, headers in KINDS:
        if isinstance(error, kind):
            return status, code, headers
    return OTHERS
