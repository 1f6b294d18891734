"""How the server is, for people, balancers and Prometheus: `/healthz`, `/readyz`, `/metrics`."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from pydantic import BaseModel

from streaming.core.mark_settings import MarkSettings
from streaming.server.session_manager import SessionManager
from streaming.server.state import ServerState, state_of

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
    watermark: bool
    label: bool
    signature: bool
    "Whether pictures say that they are synthetic."


@router.get("/healthz")
async def healthz(request: Request) -> Health:
    """How the server is: always 200 while it answers."""
    state = state_of(request)
    sessions, capacity = state.sessions, state.worker.capacity
    timings = sorted(state.worker.timings)
    return Health(
        status=_status(sessions),
        speaker=state.worker.ready.first,
        sessions=len(sessions),
        limit=sessions.limit,
        capacity=capacity.callers,
        delay_ms=round(sessions.delay * 1000, 1),
        picture_ms=round(capacity.picture * 1000, 2),
        step_ms=round(timings[len(timings) // 2] * 1000, 2) if timings else 0.0,
        loop_lag_ms=round(state.lag.p99() * 1000, 2),
    )


def _status(sessions: SessionManager) -> Literal["ok", "full", "stopping"]:
    if sessions.stopping:
        return "stopping"
    return "full" if len(sessions) >= sessions.limit else "ok"


@router.get("/readyz")
async def readyz(request: Request, response: Response) -> Readiness:
    """Whether a new call would be taken: 200, or 503 with the reason."""
    state = state_of(request)
    return readiness(_why_not(state), request.app.state.config.marks, response)


def readiness(reason: str, marks: MarkSettings, response: Response) -> Readiness:
    """The answer; `reason` why a new call would not be taken, empty if it would."""
    if reason:
        response.status_code = 503
    return Readiness(
        ready=not reason,
        reason=reason,
        watermark=marks.watermark,
        label=marks.label,
        signature=marks.signs_recordings,
    )


def _why_not(state: ServerState) -> str:
    if state.sessions.stopping:
        return "stopping"
    if len(state.sessions) >= state.sessions.limit:
        return "full"
    if not state.worker.running:
        return "the renderer is starting again"
    return state.worker.why_nobody


@router.get("/metrics")
async def metrics() -> Response:
    """Everything the server counts, in the text format of Prometheus."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
