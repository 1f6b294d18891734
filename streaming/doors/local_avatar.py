"""A face inside the process of an agent: pushed speech in, pictures and voice out at one sink."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from streaming.media.avatar_stream import AvatarStream, stream_delay
from streaming.media.clock import SessionClock
from streaming.media.sink import Sink
from streaming.media.speech_queue import SpeechEvent, SpeechQueue
from streaming.render.client import RenderClient
from streaming.render.renderer import FindSpeakers


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
    stream: AvatarStream, sink: Sink, report: Callable[[SpeechEvent], None]
) -> AsyncIterator[SpeechQueue]:
    """`stream`, which has joined its renderer, speaks at `sink` what is pushed, from now on."""
    stream.clock.start(stream.clock.monotonic())
    async with stream.pushed_speech(report) as queue:
        tasks = [
            asyncio.create_task(work)
            for work in (stream.submit_chunks(), stream.playout(sink).run())
        ]
        try:
            yield queue
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await sink.close()
            stream.leave()


def new_stream(renderer: RenderClient) -> AvatarStream:
    """A stream with the delay that this machine needs."""
    return AvatarStream(renderer, SessionClock(stream_delay(renderer.ready.capacity.budget)))
