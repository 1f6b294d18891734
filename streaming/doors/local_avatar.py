"""A face inside the process of an agent: pushed speech in, pictures and voice out at one sink."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from streaming.core.mark_settings import MarkSettings
from streaming.marks.label import Label
from streaming.media.avatar_stream import AvatarStream, stream_delay
from streaming.media.clock import SessionClock
from streaming.media.sink import Sink
from streaming.media.speech_queue import SpeechEvent, SpeechQueue
from streaming.render.client import RenderClient
from streaming.render.renderer import FindSpeakers
from streaming.sinks.framing import FramedSink


@asynccontextmanager
async def rendering(find: FindSpeakers) -> AsyncIterator[RenderClient]:
    """A rendering process of one's own. Raises AvatarError if it cannot start."""
    client = await asyncio.get_running_loop().run_in_executor(None, RenderClient, find)
    try:
        await client.attach()
        yield client
    finally:
        await client.stop()


@asynccontextmanager
async def running(
    stream: AvatarStream, sink: Sink, marks: MarkSettings, report: Callable[[SpeechEvent], None]
) -> AsyncIterator[SpeechQueue]:
    """`stream`, which has joined its renderer, speaks at `sink` what is pushed, from now on."""
    shown = FramedSink(sink, Label(marks.word)) if marks.label else sink
    stream.clock.start(stream.clock.monotonic())
    async with stream.pushed_speech(report) as queue:
        tasks = [
            asyncio.create_task(work)
            for work in (stream.submit_chunks(), stream.playout(shown).run())
        ]
        try:
            yield queue
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await sink.close()
            stream.leave()


def new_stream(renderer: RenderClient, marks: MarkSettings) -> AvatarStream:
    """A stream with the delay that this machine needs."""
    clock = SessionClock(stream_delay(renderer.lookahead, renderer.budget))
    return AvatarStream(renderer, clock, watermark=marks.watermark)
