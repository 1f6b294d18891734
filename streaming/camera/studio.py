"""The camera as a whole: microphone, renderer, and every sink, from opening to closing."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

from streaming.camera.framing import BLACK, FramedSink, Framing, Size
from streaming.camera.microphone import Microphone
from streaming.performance import Performance, performance_delay
from streaming.presenter import Presenter
from streaming.render_worker import RenderWorker
from streaming.sinks.kept import KeptSink
from streaming.sinks.sink import Sink
from streaming.sinks.sound_output import SoundOutput, needed_lead
from streaming.sinks.virtual_camera import VirtualCamera


@dataclass(frozen=True)
class CameraSettings:
    """What `avatar camera` was asked for."""

    speaker: str
    microphone: str | None = None
    camera: str | None = None
    voice: str | None = None
    size: Size | None = None
    mirror: bool = False
    background: tuple[int, int, int] = BLACK
    block_code: bool = False


class Studio:
    """Runs until cancelled; `open` and `close` bracket it."""

    def __init__(self, worker: RenderWorker, settings: CameraSettings) -> None:
        self._worker = worker
        self._settings = settings
        self._closing = AsyncExitStack()
        self.sinks: list[tuple[KeptSink, Presenter]] = []

    async def open(self) -> None:
        """Open every device. Raises AvatarError if one is not to be had."""
        settings = self._settings
        await self._worker.attach()
        self._closing.push_async_callback(self._worker.stop)
        lead = needed_lead(settings.voice) if settings.voice else 0.0
        delay = performance_delay(self._worker.ready.capacity.budget, lead)
        self.performance = Performance(self._worker, delay, settings.block_code)
        for sink in await self._sinks():
            await sink.start()
            self._closing.push_async_callback(sink.close)
            self.sinks.append((sink, self.performance.presenter(sink)))
        await self.performance.join(settings.speaker)
        self._closing.callback(self.performance.leave)
        self.microphone = Microphone(settings.microphone, self.performance.sound.place)
        self.microphone.open()
        self._closing.callback(self.microphone.close)

    async def _sinks(self) -> list[KeptSink]:
        settings, clock = self._settings, self.performance.clock
        source = await self._worker.prepare(settings.speaker)
        framing = Framing(source, settings.size or source, settings.mirror, settings.background)

        async def open_camera() -> Sink:
            return FramedSink(await VirtualCamera.open(framing.size, settings.camera), framing)

        sinks = [KeptSink("camera", open_camera)]
        if settings.voice:
            sinks.append(KeptSink("voice", lambda: SoundOutput.open(settings.voice, clock)))
        return sinks

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.performance.drive())
            tasks.create_task(self.microphone.keep())
            for _, presenter in self.sinks:
                tasks.create_task(presenter.run())

    async def close(self) -> None:
        """Let go of everything that was opened, last first."""
        await self._closing.aclose()
