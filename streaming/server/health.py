"""How the server is, for people, balancers and Prometheus: `/healthz`, `/readyz`, `/metrics`."""

from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from pydantic import BaseModel

if TYPE_CHECKING:
    from streaming.server.app import Parts
    from streaming.server.session_manager import Sessions

router = APIRouter()


class Health(BaseModel):
    """How the server is."""

    status: Literal["ok", "full", "stopping"]
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


class Readiness(BaseModel):
    """Whether a new call would be taken."""

    ready: bool
    reason: str
    "Empty if it would."


@router.get("/healthz")
async def healthz(request: Request) -> Health:
    """How the server is: always 200 while it answers."""
    parts: Parts = request.app.state.parts
    sessions, capacity = parts.sessions, parts.worker.ready.capacity
    timings = sorted(parts.worker.timings)
    return Health(
        status=_status(sessions),
        speaker=parts.worker.ready.first,
        sessions=len(sessions),
        limit=sessions.limit,
        capacity=capacity.callers,
        delay_ms=round(sessions.delay * 1000, 1),
        picture_ms=round(capacity.picture * 1000, 2),
        step_ms=round(timings[len(timings) // 2] * 1000, 2) if timings else 0.0,
        loop_lag_ms=round(parts.lag.p99() * 1000, 2),
    )


def _status(sessions: "Sessions") -> Literal["ok", "full", "stopping"]:
    if sessions.stopping:
        return "stopping"
    return "full" if len(sessions) >= sessions.limit else "ok"


@router.get("/readyz")
async def readyz(request: Request, response: Response) -> Readiness:
    """Whether a new call would be taken: 200, or 503 with the reason."""
    parts: Parts = request.app.state.parts
    reason = _why_not(parts)
    if reason:
        response.status_code = 503
    return Readiness(ready=not reason, reason=reason)


def _why_not(parts: "Parts") -> str:
    if parts.sessions.stopping:
        return "stopping"
    if len(parts.sessions) >= parts.sessions.limit:
        return "full"
    if not parts.worker.running:
        return "the renderer is starting again"
    return ""


@router.get("/metrics")
async def metrics() -> Response:
    """Everything the server counts, in the text format of Prometheus."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
