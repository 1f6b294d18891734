"""Somebody who looks at a call that is under way: the same clock, the same steps."""

import asyncio

import numpy as np
from numpy.typing import NDArray

from streaming.render.client import RenderClient
from streaming.webrtc.session import Session
from streaming.webrtc.viewer import Viewer
from tests.streaming.support.levels import halfway, onsets
from tests.streaming.support.polling import until
from tests.streaming.support.talking_peer import TalkingPeer

LATE = 3.0  # seconds of the call that the viewer has missed
STEP = 0.06  # seconds: a frame and a packet


async def test_who_joins_late_is_told_the_true_time_of_voice_and_face(
    renderer: RenderClient,
) -> None:
    session, caller = Session(renderer, 0.03, [], lambda _: None), TalkingPeer()
    await caller.take_answer(await session.answer(await caller.offer(), "bar"))
    await until(lambda: caller.face and caller.voice, 5)
    await asyncio.sleep(LATE)

    viewer, looker = Viewer(session.avatar_stream, [], 20), TalkingPeer(speaks=False)
    await looker.take_answer(await viewer.answer(await looker.offer()))
    await until(lambda: len({ssrc for ssrc, *_ in looker.reports}) == 2, 20)
    await asyncio.sleep(3)
    voice, face = (sender._ssrc for sender in viewer._peer.getSenders())
    heard = _moments(looker, looker.voice, voice, 48_000, 1000)
    seen = _moments(looker, looker.face, face, 90_000, halfway(looker.face))
    for peer in (looker, caller):
        await peer.close()
    await viewer.close()
    await session.close("the test is over")

    assert len(seen) >= 3
    apart = [heard[np.argmin(np.abs(heard - beep))] - beep for beep in seen]
    assert abs(np.median(apart)) <= STEP


def _moments(
    peer: TalkingPeer,
    notes: list[tuple[float, float, float]],
    ssrc: int,
    rate: int,
    loudness: float,
) -> NDArray[np.float64]:
    """Seconds, by its Sender Reports, at which a track of `peer` gets louder or brighter."""
    ntp, rtp = next((ntp, rtp) for source, ntp, rtp in peer.reports if source == ssrc)
    reported = ((rtp - peer.origins[ssrc] + (1 << 31)) % (1 << 32) - (1 << 31)) / rate
    return np.asarray(ntp / (1 << 32) + onsets(notes, loudness) - reported)
