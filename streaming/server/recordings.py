"""`POST /recording`: the page's recording of a call comes back signed; `/label.png`: its label."""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import cv2
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from streaming.marks.label import draw_label
from streaming.security.access import AccessControl, address_of
from streaming.security.ip_addresses import network_of
from streaming.security.tokens import bearer
from streaming.server.errors import UnknownCallError
from streaming.server.recording_process import RECORDING, sign_apart
from streaming.server.request_body import BodyLimit, described, save_body
from streaming.server.state import ServerState, state_of
from streaming.server.upload_limit import UploadLimit

RECORDING_LIMIT = BodyLimit(300 * 1024 * 1024, seconds=600)
LABEL_SIDE = 1024  # pixels: the label is drawn as for a picture so large, and shrunk by the page

router = APIRouter()


@router.get("/label.png", response_class=Response)
async def label(request: Request) -> Response:
    """What the page draws into the corner of its recordings."""
    marks = request.app.state.config.marks
    if not marks.label:
        raise HTTPException(404, "pictures carry no label here")
    _, image = cv2.imencode(".png", draw_label(marks.word, LABEL_SIDE))
    return Response(image.tobytes(), media_type="image/png")


@router.post(
    "/recording",
    response_class=FileResponse,
    openapi_extra=described("video/*", {"type": "string", "format": "binary"}),
)
async def sign_recording(
    session: str, request: Request, state: Annotated[ServerState, Depends(state_of)]
) -> Response:
    """The body is a recording of call `session`; the answer is the same as a signed MP4.

    It is for who called, while the call lasts and some minutes after. Nothing is kept.
    """
    access: AccessControl = request.app.state.access
    address, marks = address_of(request), state.services.config.marks
    access.rate_limiter.count_try(address)
    grant = access.admit(bearer(request.headers), "talk")
    if not marks.signs_recordings:
        raise HTTPException(404, "this server signs no recordings")
    grant.check_session(session)
    consents = _consents(state, session, network_of(address))
    for name in consents:
        grant.check_speaker(name)
    places: UploadLimit = request.app.state.recording_limit
    folder = Path(tempfile.mkdtemp(prefix="avatar-recording-"))
    try:
        with places.take(address):
            with (folder / RECORDING).open("wb") as file:
                await save_body(request, file)
            film = await sign_apart(folder, consents, marks)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise HTTPException(507, "the server has no room for the recording") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    forget = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(film, media_type="video/mp4", background=forget)


def _consents(state: ServerState, session: str, network: str) -> dict[str, str]:
    """Those of all who were shown in a call from `network`. Raises UnknownCallError."""
    shown = state.sessions.shown_to(session, network)
    if not shown:
        raise UnknownCallError("there is no such call of yours; its recording comes too late")
    consents = state.worker.ready.consents
    return {name: consents.get(name, "") for name in shown}
