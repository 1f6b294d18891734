"""LiveKit Agents: a face for an agent, drawn by an `avatar serve` or in its own process."""

import functools
import os
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
from livekit import api, rtc
from livekit.agents import AgentSession, get_job_context, utils
from livekit.agents.types import ATTRIBUTE_PUBLISH_ON_BEHALF
from livekit.agents.voice.avatar import (
    AvatarRunner,
    DataStreamAudioOutput,
    QueueAudioOutput,
)
from livekit.agents.voice.avatar import AvatarSession as BaseAvatarSession
from pydantic import ValidationError

from avatar.errors import AvatarError
from avatar.gestures import GestureName
from avatar.rendering.backends.registry import AUTO
from streaming.core.mark_settings import MarkSettings
from streaming.doors.livekit import GESTURE_METHOD, AvatarVideoGenerator
from streaming.doors.local_avatar import new_stream, rendering
from streaming.media.avatar_stream import AvatarStream
from streaming.render.find_speakers import find_speakers
from streaming.render.renderer import FindSpeakers
from streaming.webrtc.messages import GestureFields

SPEECH_RATE = 24_000  # Hz, of what the agent's text-to-speech is resampled to
IDENTITY = "speech2lip-avatar"
MOST_SAID = 300  # letters of a refusal that are passed on


class AvatarSession(BaseAvatarSession[str]):
    """A face for an agent.

    With `server` (of `avatar serve`) the face joins the room from there, as a participant of its
    own. Without, it is drawn beside the agent and published by it.
    """

    def __init__(
        self,
        *,
        speaker: str = "demo",
        server: str = "",
        server_token: str = "",
        identity: str = IDENTITY,
        device: str = AUTO,
        find: FindSpeakers | None = None,
        watermark: bool = True,
        label: bool = True,
        label_reason: str = "",
        label_language: str = "en",
    ) -> None:
        """`server_token`: of `avatar token`; `find`: other speakers than this machine's.

        The rest says how a face drawn here tells that it is synthetic; a server has its own
        settings. Raises AvatarError if there is to be no label, and no reason for it.
        """
        super().__init__()
        self._marks = MarkSettings(
            watermark=watermark,
            label=label,
            label_reason=label_reason,
            label_language=label_language,
        )
        self._speaker, self._server, self._server_token = speaker, server, server_token
        self._identity = identity
        self._find = find or functools.partial(find_speakers, speaker, device)
        self._open = AsyncExitStack()
        self._stream: AvatarStream | None = None
        self._far_face: rtc.LocalParticipant | None = None
        "Who asks the server's face."

    @property
    def provider(self) -> str:
        return "speech2lip"

    @property
    def avatar_identity(self) -> str:
        return self._identity

    async def start(
        self,
        agent_session: AgentSession[Any],
        room: rtc.Room,
        *,
        livekit_url: str = "",
        livekit_api_key: str = "",
        livekit_api_secret: str = "",
    ) -> None:
        """Give `agent_session` its face; before `agent_session.start`.

        A room that is not connected yet is connected, as the job of the agent does it.
        What is not given is read from LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET. Raises
        AvatarError if the server refuses, or the speaker is not to be had.
        """
        await _connect(room)
        if not self._server:
            self._identity = room.local_participant.identity
        await super().start(agent_session, room)
        if self._server:
            url = livekit_url or os.environ.get("LIVEKIT_URL", "")
            key = livekit_api_key or os.environ.get("LIVEKIT_API_KEY", "")
            secret = livekit_api_secret or os.environ.get("LIVEKIT_API_SECRET", "")
            await self._invite(room, url, key, secret)
            self._far_face = room.local_participant
            agent_session.output.audio = DataStreamAudioOutput(
                room,
                destination_identity=self._identity,
                sample_rate=SPEECH_RATE,
                wait_remote_track=rtc.TrackKind.KIND_VIDEO,
                wait_playback_start=True,
            )
        else:
            agent_session.output.audio = await self._perform(room)

    async def gesture(
        self, name: GestureName, strength: float = 1.0, seconds: float | None = None
    ) -> None:
        """Have the face make a gesture now.

        Raises AvatarError if it is none, the speaker does not show it, or the face is not there.
        """
        try:
            wanted = GestureFields(name=name, strength=strength, seconds=seconds)
        except ValidationError as error:
            raise AvatarError(f"that is no gesture: {error.errors()[0]['msg']}") from error
        if self._stream:
            self._stream.gesture(wanted.gesture)
        elif self._far_face:
            try:
                await self._far_face.perform_rpc(
                    destination_identity=self._identity,
                    method=GESTURE_METHOD,
                    payload=wanted.model_dump_json(),
                )
            except rtc.RpcError as error:
                raise AvatarError(f"the face made no gesture: {error.message}") from error
        else:
            raise AvatarError("the face was not started, or is over")

    async def aclose(self) -> None:
        await super().aclose()
        self._stream = self._far_face = None
        await self._open.aclose()

    async def _invite(self, room: rtc.Room, url: str, key: str, secret: str) -> None:
        """Ask the server to join, with a token for this room."""
        if not (url and key and secret):
            raise AvatarError("LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET are needed")
        token = (
            api.AccessToken(key, secret)
            .with_kind("agent")
            .with_identity(self._identity)
            .with_grants(api.VideoGrants(room_join=True, room=room.name))
            .with_attributes({ATTRIBUTE_PUBLISH_ON_BEHALF: room.local_participant.identity})
            .to_jwt()
        )
        body = {"url": url, "token": token, "speaker": self._speaker}
        headers = {"Authorization": f"Bearer {self._server_token}"} if self._server_token else {}
        http = utils.http_context.http_session()
        address = f"{self._server.rstrip('/')}/livekit/join"
        try:
            async with http.post(address, json=body, headers=headers) as answer:
                status, said = answer.status, (await answer.text())[:MOST_SAID]
        except aiohttp.ClientError as error:
            raise AvatarError(f"{self._server} cannot be reached: {error}") from error
        if status != 200:
            raise AvatarError(f"{self._server} refused the room ({status}): {said}")

    async def _perform(self, room: rtc.Room) -> QueueAudioOutput:
        """Draw in a process of the agent's own; publish as the agent."""
        output = QueueAudioOutput(sample_rate=SPEECH_RATE, wait_playback_start=True)
        renderer = await self._open.enter_async_context(rendering(self._find))
        first = renderer.ready.first
        size = await renderer.prepare(first)
        self._marks.report()
        self._stream = stream = new_stream(renderer, self._marks)
        await stream.join(first)
        generator = AvatarVideoGenerator(stream, size, self._marks)
        await generator.start()
        self._open.push_async_callback(generator.aclose)
        runner = AvatarRunner(
            room, audio_recv=output, video_gen=generator, options=generator.options
        )
        await runner.start()
        self._open.push_async_callback(runner.aclose)
        return output


async def _connect(room: rtc.Room) -> None:
    """The agent's identity and the name of the room are not known before."""
    if room.isconnected():
        return
    job = get_job_context(required=False)
    if job is None:
        raise AvatarError("the room is not connected; connect it before the face is started")
    await job.connect()
