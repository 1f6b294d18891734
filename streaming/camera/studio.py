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
from streaming.sinks.virtual_camera import VirtualCamera


@dataclass(frozen=True)
class CameraSettings:
    """What `avatar camera` was asked for."""

    speaker: str
    microphone: str | None = None
    camera: str | None = None
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
        source = await self._worker.prepare(settings.speaker)
        size = settings.size or source
        framing = Framing(source, size, settings.mirror, settings.background)
        camera = KeptSink("camera", lambda: VirtualCamera.open(size, settings.camera))
        await self._start(camera)
        delay = performance_delay(self._worker.ready.capacity.budget)
        self.performance = Performance(self._worker, delay, settings.block_code)
        self.microphone = Microphone(settings.microphone, self.performance.sound.place)
        presenter = self.performance.presenter(FramedSink(camera, framing))
        self.sinks.append((camera, presenter))
        await self.performance.join(settings.speaker)
        self._closing.callback(self.performance.leave)
        self.microphone.open()
        self._closing.callback(self.microphone.close)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.performance.drive())
            tasks.create_task(self.microphone.keep())
            for _, presenter in self.sinks:
                tasks.create_task(presenter.run())

    async def close(self) -> None:
        """Let go of everything that was opened, last first."""
        await self._closing.aclose()

    async def _start(self, sink: KeptSink) -> None:
        await sink.start()
        self._closing.push_async_callback(sink.close)
