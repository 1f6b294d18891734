"""A room of LiveKit as a call of the server: the face joins as the agent's avatar."""

import asyncio
import contextlib
import secrets

from livekit import rtc
from livekit.agents.voice.avatar import AvatarRunner, DataStreamAudioReceiver

from avatar.errors import AvatarError
from streaming.doors.livekit import AvatarVideoGenerator
from streaming.doors.local_avatar import new_stream
from streaming.render.client import RenderClient

CLOSE_TIMEOUT_S = 5.0


class LiveKitCall:
    """A `Call` whose sound comes from an agent's data streams and whose tracks go to its room."""

    def __init__(self, renderer: RenderClient, room: rtc.Room | None = None) -> None:
        self.id = secrets.token_hex(8)
        self.closed = asyncio.Event()
        self.viewers = 0
        self.avatar_stream = new_stream(renderer)
        self._renderer = renderer
        self._room = room or rtc.Room()
        self._generator: AvatarVideoGenerator | None = None
        self._runner: AvatarRunner | None = None
        self._closing = False
        self._starting: asyncio.Task[None] | None = None
        self._room.on("disconnected", self._left)

    @property
    def speaker(self) -> str:
        return self.avatar_stream.speaker

    async def join(self, url: str, token: str, speaker: str) -> None:
        """Raises AvatarError if the room at `url` or the speaker is not to be had."""
        size = await self._renderer.prepare(speaker)
        await self.avatar_stream.join(speaker)
        try:
            await self._room.connect(url, token)
        except rtc.ConnectError as error:
            raise AvatarError(f"the room at {url} cannot be joined: {error}") from error
        self._starting = asyncio.create_task(self._run(size))

    async def _run(self, size: tuple[int, int]) -> None:
        """Returns once the agent is there and the face is on its way."""
        self._generator = AvatarVideoGenerator(self.avatar_stream, size)
        receiver = DataStreamAudioReceiver(self._room)
        self._runner = AvatarRunner(
            self._room,
            audio_recv=receiver,
            video_gen=self._generator,
            options=self._generator.options,
        )
        await self._generator.start()
        await self._runner.start()

    def announce_end(self, seconds: float) -> None:
        """The room has no word for it: the face leaves when the time is over."""

    async def close(self, _reason: str, _code: str = "ended") -> None:
        if self._closing:
            await self.closed.wait()
            return
        self._closing = True
        if self._starting:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
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

    def _left(self, *_: object) -> None:
        if not self._closing:
            asyncio.get_running_loop().create_task(self.close("the room was left"))
