"""`/healthz`, `/readyz` and `/metrics` of all workers together."""

import asyncio
from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from avatar.errors import AvatarError
from streaming.media.avatar_stream import stream_delay
from streaming.server.health import Health, Readiness, readiness
from streaming.workers.forward_http import get
from streaming.workers.front_state import FrontState, front_of
from streaming.workers.merged_metrics import merged
from streaming.workers.worker_pool import MediaWorker

router = APIRouter()


@router.get("/healthz")
async def healthz(request: Request) -> Health:
    """How the server is: always 200 while it answers."""
    front = front_of(request)
    capacity = front.renderer.capacity
    delay = stream_delay(front.renderer.lookahead, capacity.budget)
    pages = await _ask_all(front, "/healthz")
    found = [Health.model_validate_json(page) for page in pages.values()]
    own_lag = round(front.lag.p99() * 1000, 2)
    return Health(
        status=_status(front),
        speaker=front.renderer.ready.first,
        sessions=sum(one.sessions for one in found),
        limit=front.limit,
        capacity=capacity.callers,
        delay_ms=round(delay * 1000, 1),
        picture_ms=round(capacity.picture * 1000, 2),
        step_ms=max((one.step_ms for one in found), default=0.0),
        loop_lag_ms=max([own_lag, *(one.loop_lag_ms for one in found)]),
    )


@router.get("/readyz")
async def readyz(request: Request, response: Response) -> Readiness:
    """Whether a new call would be taken: 200, or 503 with the reason."""
    front = front_of(request)
    return readiness(_why_not(front), front.config.marks, response)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Everything that all of them count, by worker, in the text format of Prometheus."""
    own = generate_latest(REGISTRY).decode()
    pages = await _ask_all(front_of(request), "/metrics")
    page = merged(own, {number: page.decode() for number, page in pages.items()})
    return Response(page, media_type=CONTENT_TYPE_LATEST)


def _status(front: FrontState) -> Literal["ok", "full", "stopping"]:
    if front.pool.stopping:
        return "stopping"
    return "full" if front.pool.load + 1 > front.limit else "ok"


def _why_not(front: FrontState) -> str:
    if (status := _status(front)) != "ok":
        return status
    if not front.renderer.running:
        return "the renderer is starting again"
    if not front.pool.running:
        return "the media workers are starting again"
    return front.renderer.why_nobody


async def _ask_all(front: FrontState, path: str) -> dict[int, bytes]:
    """What the workers answer, by number; one that is just dying answers nothing."""

    async def ask(worker: MediaWorker) -> bytes:
        try:
            return await get(worker.place.address, path)
        except AvatarError:
            return b""

    running = front.pool.running
    pages = await asyncio.gather(*(ask(worker) for worker in running))
    numbers = [worker.place.number for worker in running]
    return {number: page for number, page in zip(numbers, pages, strict=True) if page}
