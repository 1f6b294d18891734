"""How a refusal reaches the other side: an HTTP status, or an `error` message to a page."""

import contextlib
import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from streaming.core import metrics
from streaming.security.access import AccessError
from streaming.security.rate_limit import TooManyError
from streaming.security.tokens import TokenError
from streaming.server.gallery import UnknownSpeakerError
from streaming.server.session_manager import RETRY_AFTER, ServerFullError, ServerStoppingError

POLICY_REFUSED = 1008  # WebSocket close code: policy violation
WAIT = {"Retry-After": str(RETRY_AFTER)}

# error -> HTTP status, code for pages, headers
KINDS: tuple[tuple[type[Exception], int, str, dict[str, str]], ...] = (
    (TokenError, 401, "token", {"WWW-Authenticate": "Bearer"}),
    (AccessError, 403, "refused", {}),
    (UnknownSpeakerError, 404, "refused", {}),
    (TooManyError, 429, "too-many", WAIT),
    (ServerFullError, 503, "full", WAIT),
    (ServerStoppingError, 503, "stopping", WAIT),
)
OTHERS = 400, "refused", dict[str, str]()


async def refuse(_: Request, error: Exception) -> Response:
    """Say in the answer to a request what is wrong."""
    status, code, headers = _kind(error)
    metrics.REFUSED.labels(code).inc()
    return JSONResponse({"detail": str(error)}, status, headers)


async def dismiss(socket: WebSocket, error: Exception) -> None:
    """Say to a page what is wrong, and close its socket."""
    _, code, _headers = _kind(error)
    metrics.REFUSED.labels(code).inc()
    message = {"type": "error", "code": code, "message": str(error)}
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_text(json.dumps(message))
        await socket.close(POLICY_REFUSED)


def _kind(error: Exception) -> tuple[int, str, dict[str, str]]:
    for kind, status, code, headers in KINDS:
        if isinstance(error, kind):
            return status, code, headers
    return OTHERS
