"""`POST /verify`: what a stranger's video says of itself, as `avatar verify` tells it."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request

from streaming.security.access import AccessControl, address_of
from streaming.security.ip_addresses import home_of
from streaming.security.rate_limit import TooManyError
from streaming.security.tokens import ANY_SPEAKER, bearer
from streaming.server.request_body import BodyLimit, described
from streaming.server.session_manager import ServerFullError
from streaming.server.state import ServerState, state_of
from streaming.server.verify_process import verify_apart

VIDEO_LIMIT = BodyLimit(100 * 1024 * 1024, seconds=120)
AT_ONCE = 2  # videos, of all addresses together

router = APIRouter()


class VideoPlaces:
    """Who sends a video, or has one looked at: each address one, all together AT_ONCE."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    @contextmanager
    def take(self, address: str) -> Iterator[None]:
        """Raises TooManyError, ServerFullError."""
        home = home_of(address)
        if home in self._taken:
            raise TooManyError("a video from your address is being checked; wait for it")
        if len(self._taken) >= AT_ONCE:
            raise ServerFullError("other videos are being checked; try again in a minute")
        self._taken.add(home)
        try:
            yield
        finally:
            self._taken.remove(home)


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
    places: VideoPlaces = request.app.state.video_places
    with places.take(address), tempfile.TemporaryDirectory(prefix="avatar-verify-") as folder:
        return await verify_apart(await _save(request, Path(folder)), known)


async def _save(request: Request, folder: Path) -> Path:
    """The body as a file, named as signatures are looked for in such a file."""
    video = folder / "video"
    try:
        with video.open("w+b") as file:
            async for piece in request.stream():
                await asyncio.to_thread(file.write, piece)
            await asyncio.to_thread(file.flush)
            file.seek(0)
            head = file.read(8)
        return video.rename(video.with_suffix(".mp4")) if head[4:] == b"ftyp" else video
    except OSError as error:
        raise HTTPException(507, "the server has no room for the video") from error
