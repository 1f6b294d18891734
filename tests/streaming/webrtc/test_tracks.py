"""The tracks of a peer connection: what is pushed leaves when it is asked for, well stamped."""

import asyncio

import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from streaming.media.playout import VOICE_PACKET
from streaming.webrtc.peer_sink import PeerSink
from tests.streaming.support.stepped_clock import picture


async def test_pictures_carry_time_stamps_of_their_number() -> None:
    sink = PeerSink()
    sink.show(7, picture(5))
    frame = await sink.face.recv()
    assert float(frame.pts * frame.time_base) == pytest.approx(7 / 25)
    assert frame.format.name == "yuv420p"
    assert frame.to_ndarray()[0, 0] == 5


async def test_the_voice_is_stamped_by_its_position() -> None:
    sink = PeerSink()
    samples = np.linspace(-0.9, 0.9, VOICE_PACKET, dtype=np.float32)
    frames = []
    for start in (960, 1920):
        asked = asyncio.create_task(sink.voice.recv())
        await asyncio.sleep(0)
        sink.speak(start, samples)
        frames.append(await asked)
    assert [frame.pts for frame in frames] == [960, 1920]
    assert frames[0].sample_rate == 48_000
    np.testing.assert_allclose(frames[0].to_ndarray()[0] / 32768, samples, atol=1e-4)


async def test_the_sink_is_ready_only_while_the_sender_asks() -> None:
    sink = PeerSink()
    ready = asyncio.create_task(sink.ready())
    await asyncio.sleep(0)
    assert not ready.done(), "nobody has asked yet"
    sent = asyncio.create_task(sink.face.recv())
    await asyncio.wait_for(ready, 1)
    sink.show(0, picture(0))
    assert (await sent).pts == 0
    with pytest.raises(TimeoutError):  # the encoder works on it
        await asyncio.wait_for(sink.ready(), 0.01)


async def test_a_closed_sink_ends_both_tracks() -> None:
    sink = PeerSink()
    waiting = [asyncio.create_task(track.recv()) for track in (sink.face, sink.voice)]
    await asyncio.sleep(0)
    await sink.close()
    for task in waiting:
        with pytest.raises(MediaStreamError):
            await asyncio.wait_for(task, 1)


async def test_a_picture_counts_as_sent_when_the_sender_comes_back_for_the_next() -> None:
    sent: list[int] = []
    sink = PeerSink(sent.append)
    sink.show(7, picture(5))
    await sink.face.recv()
    assert sent == []
    sink.show(8, picture(5))
    await sink.face.recv()
    assert sent == [7]
