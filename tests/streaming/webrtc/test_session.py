"""Whole calls between a session and an aiortc peer in the same process."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from avatar.errors import AvatarError
from streaming.render.client import RenderClient
from streaming.webrtc import timeouts
from streaming.webrtc.session import Session
from tests.streaming.support.levels import halfway, onsets
from tests.streaming.support.polling import until
from tests.streaming.support.talking_peer import TalkingPeer

BUDGET = 0.03

MakeSession = Callable[[], Session]


@pytest.fixture
def make(renderer: RenderClient) -> MakeSession:
    return lambda: Session(renderer, BUDGET, [], lambda _: None)


@asynccontextmanager
async def calling(make: MakeSession, **caller: Any) -> AsyncIterator[tuple[Session, TalkingPeer]]:
    session, peer = make(), TalkingPeer(**caller)
    try:
        await peer.take_answer(await session.answer(await peer.offer(), "bar"))
        yield session, peer
    finally:
        await peer.close()
        await session.close("the test is over")


async def test_a_call_brings_the_face_and_the_voice_in_step(make: MakeSession) -> None:
    async with calling(make) as (session, peer):
        await until(lambda: peer.face and peer.voice, 3)
        await asyncio.sleep(4)
        stats = session.stats()
    pts = np.array([media for _, media, _ in peer.face])
    assert np.allclose(np.diff(pts), 0.04), "every frame is there"
    assert stats.delay_ms == pytest.approx((0.12 + 0.015 + BUDGET) * 1000)
    assert stats.late <= 0.1 * stats.frames
    lips = onsets(peer.face, halfway(peer.face))
    voice = onsets(peer.voice, 1000)
    assert len(lips) >= 3
    for beep in lips:
        nearest = voice[np.argmin(np.abs(voice - beep))]
        assert abs(nearest - beep) <= 0.06, "the bar rises with the beep (one frame, one packet)"


async def test_sender_reports_pair_both_tracks_through_the_one_clock(make: MakeSession) -> None:
    async with calling(make) as (session, peer):
        await until(lambda: len({ssrc for ssrc, *_ in peer.reports}) == 2, 10)
        await until(lambda: len(peer.reports) >= 5, 10)
        face, voice = session._outgoing.face, session._outgoing.voice
    starts = []
    for ssrc, ntp, rtp in peer.reports:
        sender = next(one for one in (face, voice) if one._sender._ssrc == ssrc)
        assert sender.origin is not None
        media = ((rtp - sender.origin) % (1 << 32)) / sender._rate
        starts.append(ntp / (1 << 32) - media)
    assert np.ptp(starts) < 0.003, "NTP minus media time is the same instant for both tracks"


async def test_a_caller_who_sends_nothing_sees_the_face_at_rest(make: MakeSession) -> None:
    async with calling(make, speaks=False) as (_, peer):
        await until(lambda: len(peer.face) > 10, 4)
        assert np.ptp([level for *_, level in peer.face]) < 2


async def test_sound_and_picture_go_on_while_packets_pause(make: MakeSession) -> None:
    async with calling(make) as (_, peer):
        await until(lambda: peer.face, 3)
        peer.beeps.paused = True
        await asyncio.sleep(1.0)
        peer.beeps.paused = False
        await asyncio.sleep(1.0)
    assert np.allclose(np.diff([media for _, media, _ in peer.face]), 0.04)
    assert np.allclose(np.diff([media for _, media, _ in peer.voice]), 0.02)


async def test_incoming_video_is_refused(make: MakeSession) -> None:
    async with calling(make, sends_video=True) as (_, peer):
        sections = peer.peer.remoteDescription.sdp.split("m=")
        video = next(section for section in sections if section.startswith("video"))
        assert "a=sendonly" in video


@pytest.mark.parametrize(
    "offer",
    ["", "nonsense", "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"],
)
async def test_a_bad_offer_is_refused_in_words(make: MakeSession, offer: str) -> None:
    session = make()
    with pytest.raises(AvatarError):
        await session.answer(offer, "bar")
    await session.close("refused")


async def test_a_caller_gone_without_a_word_is_noticed(
    make: MakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts, "SILENCE_LIMIT", 2.0)
    async with calling(make) as (session, peer):
        await until(lambda: peer.face, 3)
        peer.vanish()
        await until(session.closed.is_set, 5)


async def test_twenty_calls_leave_no_task_and_no_thread(make: MakeSession) -> None:
    async def call() -> None:
        async with calling(make) as (_, peer):
            await until(lambda: peer.face, 3)

    await call()
    tasks, threads = len(asyncio.all_tasks()), threading.active_count()
    for _ in range(5):
        await asyncio.gather(*(call() for _ in range(4)))
    await until(lambda: len(asyncio.all_tasks()) <= tasks, 3)
    assert threading.active_count() <= threads + 8, "no more than the default executor's own"


async def test_closing_twice_and_at_once_is_harmless(make: MakeSession) -> None:
    session = make()
    await asyncio.gather(session.close("one"), session.close("two"))
    assert session.closed.is_set()
