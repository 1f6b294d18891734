"""A room of LiveKit as a call of the server: the face joins as the agent's avatar."""

import asyncio
import contextlib
import logging
import secrets

from livekit import rtc
from livekit.agents.voice.avatar import AvatarRunner, DataStreamAudioReceiver
from pydantic import ValidationError

from avatar.errors import AvatarError
from streaming.core import metrics
from streaming.core.limits import Limits
from streaming.core.mark_settings import MarkSettings
from streaming.doors.livekit import GESTURE_METHOD, AvatarVideoGenerator
from streaming.doors.local_avatar import new_stream
from streaming.render.client import RenderClient
from streaming.webrtc.messages import GestureFields
from streaming.webrtc.timeouts import CallTimeouts

log = logging.getLogger(__name__)

REFUSED = 400  # code of an RPC's error
CLOSE_TIMEOUT_S = 5.0
POLL_INTERVAL_S = 1.0  # between looks whether the call is over


class LiveKitCall:
    """A `Call` whose sound comes from an agent's data streams and whose tracks go to its room.

    It ends when the agent leaves or never comes, when the room does, and by the server's limits.
    """

    def __init__(self, renderer: RenderClient, marks: MarkSettings, limits: Limits) -> None:
        self.id = secrets.token_hex(8)
        self.closed = asyncio.Event()
        self.viewers = 0
        self.talking = False
        self.avatar_stream = new_stream(renderer, marks)
        self._renderer, self._marks = renderer, marks
        self._agent = ""
        self._room = rtc.Room()
        self._generator: AvatarVideoGenerator | None = None
        self._runner: AvatarRunner | None = None
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []
        self._clock = self.avatar_stream.clock
        self._opened = self._clock.monotonic()
        self._timeouts = CallTimeouts(limits, self._opened)
        self._room.on("disconnected", lambda *_: self._end("the room was left"))
        self._room.on("participant_disconnected", self._left)

    @property
    def speaker(self) -> str:
        return self.avatar_stream.speaker

    async def join(self, url: str, token: str, agent: str, speaker: str) -> None:
        """Speak for the participant `agent`; who else is in the room is not listened to.

        Raises AvatarError if the room at `url` or the speaker is not to be had.
        """
        self._agent = agent
        size = await self._renderer.prepare(speaker)
        await self.avatar_stream.join(speaker)
        try:
            await self._room.connect(url, token)
        except rtc.ConnectError as error:
            raise AvatarError(f"the room at {url} cannot be joined: {error}") from error
        self._room.local_participant.register_rpc_method(GESTURE_METHOD, self._gesture)
        self._tasks = [asyncio.create_task(work) for work in (self._run(size), self._watch())]

    async def _run(self, size: tuple[int, int]) -> None:
        """Returns once the agent is there and the face is on its way."""
        generator = AvatarVideoGenerator(self.avatar_stream, size, self._marks)
        runner = AvatarRunner(
            self._room,
            audio_recv=DataStreamAudioReceiver(self._room, sender_identity=self._agent),
            video_gen=generator,
            options=generator.options,
        )
        self._generator = generator
        await generator.start()
        await runner.start()
        self._runner = runner
        self._timeouts.connected(self._clock.monotonic())

    def _gesture(self, asked: rtc.RpcInvocationData) -> str:
        if asked.caller_identity != self._agent:
            raise rtc.RpcError(REFUSED, "the face listens to its agent alone")
        try:
            wanted = GestureFields.model_validate_json(asked.payload)
        except ValidationError as error:
            raise rtc.RpcError(
                REFUSED, f"that is no gesture: {error.errors()[0]['msg']}"
            ) from error
        try:
            self.avatar_stream.gesture(wanted.gesture)
        except AvatarError as error:
            raise rtc.RpcError(REFUSED, str(error)) from error
        return ""

    async def _watch(self) -> None:
        while not (reason := self._timeouts.over(self._clock.monotonic())):
            await asyncio.sleep(POLL_INTERVAL_S)
            now = self._clock.monotonic()
            self._timeouts.packet(now)  # whether the room is there, it says itself
            if self.avatar_stream.speaking:
                self._timeouts.spoke(now)
        self._end(reason)

    def announce_end(self, seconds: float) -> None:
        """The room has no word for it: the face leaves when the time is over."""

    async def close(self, reason: str, _code: str = "ended") -> None:
        if self._closing:
            await self.closed.wait()
            return
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    if self._runner:
                        await self._runner.aclose()
                    await self._room.disconnect()
        finally:
            if self._generator:
                await self._generator.aclose()
            self.avatar_stream.leave()
            self.closed.set()
        metrics.CLOSED.labels(reason).inc()
        metrics.LENGTH.observe(self._clock.monotonic() - self._opened)
        log.info("session %s closed: %s", self.id, reason)

    def _left(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self._agent:
            self._end("the agent left the room")

    def _end(self, reason: str) -> None:
        if not self._closing:
            asyncio.get_running_loop().create_task(self.close(reason))
