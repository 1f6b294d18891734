"""The camera as a whole: microphone, renderer, and every sink, from opening to closing."""

import asyncio
import functools
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avatar.errors import AvatarError
from avatar.gestures import Gesture, GestureName
from streaming.core.mark_settings import MarkSettings
from streaming.desktop.keys import watch_keys
from streaming.devices.microphone import Microphone
from streaming.devices.sound_system import SoundSystem
from streaming.marks.label import Label
from streaming.marks.signing import Signing
from streaming.media.avatar_stream import AvatarStream, stream_delay
from streaming.media.clock import SessionClock
from streaming.media.playout import Playout
from streaming.media.sink import Sink
from streaming.render.client import RenderClient
from streaming.sinks.destination import Destination
from streaming.sinks.framing import BLACK, FramedSink, Framing, Size
from streaming.sinks.preview import Preview
from streaming.sinks.reconnecting import ReconnectingSink
from streaming.sinks.recorder import Recorder
from streaming.sinks.sound_output import SoundOutput, needed_lead
from streaming.sinks.virtual_camera import VirtualCamera


@dataclass(frozen=True)
class CameraSettings:
    """What `avatar camera` was asked for."""

    speaker: str
    microphone: str | None = None
    camera: str | None = None
    "None: the first there is, or none at all if there are `outs`."
    voice: str | None = None
    outs: tuple[Destination, ...] = ()
    size: Size | None = None
    mirror: bool = False
    background: tuple[int, int, int] = BLACK
    "Y, U, V."
    preview: bool = False
    block_code: bool = False
    marks: MarkSettings = field(default_factory=MarkSettings)


class CameraApp:
    """Open it, run it until cancelled, close it."""

    avatar_stream: AvatarStream
    microphone: Microphone

    def __init__(self, worker: RenderClient, settings: CameraSettings) -> None:
        self.settings = settings
        self.sinks: list[tuple[Sink, Playout]] = []
        self._renderer = worker
        self._system = SoundSystem()
        self._closing = AsyncExitStack()
        self._refused = asyncio.Event()

    async def open(self) -> None:
        """Open every device. Raises AvatarError if one is not to be had."""
        settings = self.settings
        self._renderer.when_refused = self._refused.set
        await self._renderer.attach()
        self._closing.push_async_callback(self._renderer.stop)
        lead = needed_lead(self._system, settings.voice) if settings.voice else 0.0
        ready = self._renderer.ready
        delay = stream_delay(ready.lookahead, ready.capacity.budget, lead)
        self.avatar_stream = AvatarStream(
            self._renderer, SessionClock(delay), settings.block_code, settings.marks.watermark
        )
        self.microphone = Microphone(
            self._system, settings.microphone, self.avatar_stream.sound.push
        )
        source = await self._renderer.prepare(self._renderer.ready.first)
        for out in settings.outs:
            self._sign_at_the_end(out)
        async for sink in self._chosen(source):
            self._closing.push_async_callback(sink.close)
            self.sinks.append((sink, self.avatar_stream.playout(sink)))
        await self.avatar_stream.join(self._renderer.ready.first)
        self._closing.callback(self.avatar_stream.leave)
        self.microphone.open()
        self._closing.callback(self.microphone.close)

    async def run(self, display: Coroutine[Any, Any, None]) -> None:
        """Perform, with `display` beside it.

        Raises AvatarError if a file cannot be written, or the speaker may not be shown any more.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(display)
                tasks.create_task(self._watch_consent())
                tasks.create_task(watch_keys(self._key))
                tasks.create_task(self.avatar_stream.submit_chunks())
                tasks.create_task(self.microphone.keep())
                tasks.create_task(self._system.watch())
                for _, playout in self.sinks:
                    tasks.create_task(playout.run())
        except* AvatarError as errors:
            raise errors.exceptions[0] from None

    async def close(self) -> None:
        """Let go of everything that was opened, last first. Raises AvatarError."""
        await self._closing.aclose()

    @property
    def gesture_keys(self) -> dict[str, GestureName]:
        """As on the page: 1 is the first gesture, and so on."""
        return {str(number): name for number, name in enumerate(self.avatar_stream.can_do, start=1)}

    def _key(self, key: str) -> None:
        if name := self.gesture_keys.get(key):
            self.avatar_stream.gesture(Gesture(name))

    async def _watch_consent(self) -> None:
        while True:
            await self._refused.wait()
            self._refused.clear()
            if why := self._renderer.refused.get(self._renderer.ready.first):
                raise AvatarError(why)

    def _sign_at_the_end(self, out: Destination) -> None:
        """Have a film signed once it is closed, if it was written."""
        signing, film = Signing.of(self.settings.marks), Path(out.address)
        if signing is None or out.live:
            return
        signing.check()
        signing.check_film(film)
        before = film.stat().st_mtime_ns if film.exists() else 0

        def sign() -> None:
            from avatar.speakers.card import read_card
            from avatar.speakers.folders import speaker_folder

            if film.exists() and film.stat().st_mtime_ns != before:
                card = read_card(speaker_folder(self.settings.speaker))
                signing.sign(film, card.name, card.consent)

        self._closing.callback(sign)

    async def _chosen(self, source: Size) -> AsyncIterator[Sink]:
        """Every sink that was asked for, open, or trying to if it is at the end of a line."""
        settings = self.settings
        framing = Framing(source, settings.size or source, settings.mirror, settings.background)
        size = framing.size
        label = Label(settings.marks.word) if settings.marks.label else None

        def seen(sink: Sink) -> Sink:
            return FramedSink(FramedSink(sink, label) if label else sink, framing)

        async def open_camera() -> Sink:
            return seen(await VirtualCamera.open(size, settings.camera))

        async def open_film(out: Destination) -> Sink:
            return seen(await Recorder.open(out, size))

        async def open_voice() -> Sink:
            await self._system.look_again("output", settings.voice)
            return SoundOutput(self._system, settings.voice, self.avatar_stream.clock)

        if settings.camera or not settings.outs:
            yield await _started(ReconnectingSink("camera", open_camera))
        if settings.voice:
            yield await _started(ReconnectingSink("voice", open_voice))
        for out in settings.outs:
            if out.live:
                yield ReconnectingSink(out.address, functools.partial(open_film, out))
            else:
                yield await open_film(out)
        if settings.preview:
            yield seen(Preview(size))


async def _started(sink: ReconnectingSink) -> ReconnectingSink:
    await sink.start()
    return sink
