"""`POST /verify`: what a stranger's video says of itself, as `avatar verify` tells it."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request

from streaming.security.access import AccessControl, address_of
from streaming.security.tokens import ANY_SPEAKER, bearer
from streaming.server.request_body import BodyLimit, described, save_body
from streaming.server.state import ServerState, state_of
from streaming.server.upload_limit import UploadLimit
from streaming.server.verify_process import verify_apart

VIDEO_LIMIT = BodyLimit(100 * 1024 * 1024, seconds=120)

router = APIRouter()


@router.post("/verify", openapi_extra=described("video/*", {"type": "string", "format": "binary"}))
async def verify_video(
    request: Request, state: Annotated[ServerState, Depends(state_of)]
) -> dict[str, Any]:
    """The body is a video; the answer has `words` beside the values of `avatar verify --json`."""
    access: AccessControl = request.app.state.access
    address = address_of(request)
    access.rate_limiter.count_try(address)
    grant = access.admit(bearer(request.headers), "talk")
    names = [card.name for card in state.services.gallery.cards()]
    known = [name for name in names if grant.speaker in (ANY_SPEAKER, name)]
    places: UploadLimit = request.app.state.upload_limit
    with places.take(address), tempfile.TemporaryDirectory(prefix="avatar-verify-") as folder:
        return await verify_apart(await _save(request, Path(folder)), known)


async def _save(request: Request, folder: Path) -> Path:
    """The body as a file."""
    video = folder / "video"
    try:
        with video.open("wb") as file:
            await save_body(request, file)
    except OSError as error:
        raise HTTPException(507, "the server has no room for the video") from error
    return video
