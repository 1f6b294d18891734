"""The addresses of LiveTalking (`--compat livetalking`): /human, /humanaudio and their like."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, ValidationError

from avatar.errors import AvatarError
from streaming.doors.livetalking import (
    SPEECH_RATE,
    CallSpeech,
    envelope,
    read_form,
    read_speech,
    session_number,
)
from streaming.media.call import Call
from streaming.media.speech_queue import SpeechQueue
from streaming.security.access import AccessControl, address_of
from streaming.security.tokens import Grant, bearer
from streaming.server.errors import UnknownCallError
from streaming.server.request_body import BodyLimit
from streaming.server.session_manager import SessionManager
from streaming.server.state import ServerState, state_of
from streaming.webrtc.messages import LONGEST_TEXT

SOUND_LIMIT = BodyLimit(16 * 1024 * 1024, seconds=30)  # a minute of any usual sound file
WITHOUT_VOICE = (
    "this server has no voice of its own; start it with --talk, or send sound to /humanaudio"
)

router = APIRouter()
State = Annotated[ServerState, Depends(state_of)]


class LiveTalkingMessage(BaseModel):
    """What LiveTalking's pages send."""

    sessionid: int
    interrupt: bool = False
    type: Literal["echo", "chat"] = "echo"
    "Said as it is, or answered."
    text: str = Field(default="", max_length=LONGEST_TEXT)


@router.post("/human")
async def human(request: Request, state: State) -> dict[str, Any]:
    """Text to be spoken or answered; with `interrupt`, what is being said is broken off."""

    async def answer(grant: Grant) -> object:
        message = await _message(request)
        call = _call(state.sessions, grant, message.sessionid)
        if state.talks.offer is None:
            if message.interrupt:
                (await _queue(request, state, grant, message.sessionid)).clear()
            raise AvatarError(WITHOUT_VOICE)
        conversation = await state.talks.begun(call)
        if message.interrupt:
            await conversation.interrupt()
        if not message.text.strip():
            return None
        if message.type == "chat":
            await conversation.type(message.text)
        else:
            await conversation.speak(message.text)
        return None

    return await _enveloped(request, answer)


@router.post("/humanaudio")
async def human_audio(request: Request, state: State) -> dict[str, Any]:
    """A form with `sessionid` and a sound `file` to be spoken."""

    async def answer(grant: Grant) -> object:
        form = read_form(request.headers.get("content-type", ""), await request.body())
        if not form.get("sessionid", b"").strip().isdigit() or "file" not in form:
            raise AvatarError("send a form with the fields sessionid and file")
        queue = await _queue(request, state, grant, int(form["sessionid"]))
        queue.push(await asyncio.to_thread(read_speech, form["file"]), SPEECH_RATE)
        queue.end_segment()
        return None

    return await _enveloped(request, answer)


@router.post("/interrupt_talk")
async def interrupt_talk(request: Request, state: State) -> dict[str, Any]:
    """Be silent."""

    async def answer(grant: Grant) -> object:
        message = await _message(request)
        if conversation := state.talks.find(_call(state.sessions, grant, message.sessionid)):
            await conversation.interrupt()
        else:
            (await _queue(request, state, grant, message.sessionid)).clear()
        return None

    return await _enveloped(request, answer)


@router.post("/is_speaking")
async def is_speaking(request: Request, state: State) -> dict[str, Any]:
    """Whether something is being said."""

    async def answer(grant: Grant) -> object:
        call = _call(state.sessions, grant, (await _message(request)).sessionid)
        return call.avatar_stream.speaking

    return await _enveloped(request, answer)


async def _enveloped(request: Request, answer: Any) -> dict[str, Any]:
    """What `answer` gives, or why not, as LiveTalking's pages read it. Raises TokenError."""
    access: AccessControl = request.app.state.access
    access.rate_limiter.count_try(address_of(request))
    grant = access.admit(bearer(request.headers), "speak")
    try:
        return envelope(await answer(grant))
    except AvatarError as error:
        return envelope(error=str(error))


async def _message(request: Request) -> LiveTalkingMessage:
    try:
        return LiveTalkingMessage.model_validate_json(await request.body())
    except ValidationError:
        raise AvatarError('send {"sessionid": NUMBER, ...}') from None


def _call(sessions: SessionManager, grant: Grant, number: int) -> Call:
    call = sessions.newest(lambda one: session_number(one.id) == number)
    if call is None:
        raise UnknownCallError(f"there is no call {number}; it has ended, or never was")
    grant.check_speaker(call.speaker)
    grant.check_session(call.id)
    return call


async def _queue(request: Request, state: ServerState, grant: Grant, number: int) -> SpeechQueue:
    speech: CallSpeech = request.app.state.call_speech
    return await speech.queue(_call(state.sessions, grant, number))
