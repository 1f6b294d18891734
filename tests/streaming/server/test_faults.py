"""What goes wrong beneath running calls: they keep their sound, and recover when they can."""

import asyncio
import functools
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from avatar.errors import AvatarError
from streaming.render.client import RenderClient
from streaming.render.renderer import FindSpeakers
from streaming.webrtc.session import Session
from tests.streaming.support.polling import until
from tests.streaming.support.talking_peer import TalkingPeer
from tests.streaming.support.troubled_bar import find_troubled

MakeSession = Callable[[], Session]


@pytest.fixture
def speakers(tmp_path: Path) -> FindSpeakers:
    return functools.partial(find_troubled, tmp_path)


@pytest.fixture
def make(renderer: RenderClient) -> MakeSession:
    return lambda: Session(renderer, 0.03, [], lambda _: None)


async def begin(make: MakeSession, speaker: str) -> tuple[Session, TalkingPeer]:
    session, peer = make(), TalkingPeer()
    await peer.take_answer(await session.answer(await peer.offer(), speaker))
    await until(lambda: len(peer.face) > 10, 10)
    return session, peer


def unbroken(peer: TalkingPeer) -> bool:
    return bool(np.allclose(np.diff([media for _, media, _ in peer.voice]), 0.02))


@pytest.mark.parametrize("trouble", ["slow", "memory"])
async def test_sound_goes_on_the_page_is_told_and_the_call_recovers(
    make: MakeSession, tmp_path: Path, trouble: str
) -> None:
    (session, peer), (other, neighbour) = await begin(make, "bar"), await begin(make, "pale")
    (tmp_path / trouble).touch()
    await until(lambda: session.stats().renderer_failing, 5)
    pictures, packets = len(peer.face), len(peer.voice)
    await asyncio.sleep(1.5)
    assert len(peer.voice) - packets > 40, "sound goes on"
    assert len(peer.face) - pictures > 10, "pictures are repeated"
    late = session.stats().late
    assert late > 0
    (tmp_path / trouble).unlink()
    await until(lambda: not session.stats().renderer_failing, 10)
    bars = len(peer.face)
    await asyncio.sleep(2)
    levels = [level for *_, level in peer.face[bars:]]
    assert np.ptp(levels) > 2, "the bar moves again"
    assert unbroken(peer)
    assert unbroken(neighbour)
    for one, caller in ((session, peer), (other, neighbour)):
        await caller.close()
        await one.close("the test is over")


async def test_a_speaker_whose_folder_was_removed_is_refused_and_calls_go_on(
    make: MakeSession,
) -> None:
    session, peer = await begin(make, "bar")
    with pytest.raises(AvatarError, match="lost cannot be shown now"):
        await asyncio.wait_for(session.switch("lost"), 10)
    newcomer = make()
    with pytest.raises(AvatarError, match="lost cannot be shown now"):
        await newcomer.answer(await TalkingPeer().offer(), "lost")
    await newcomer.close("refused")
    seen = len(peer.face)
    await until(lambda: len(peer.face) > seen + 10, 5)
    await peer.close()
    await session.close("the test is over")


async def test_a_clock_set_back_by_an_hour_changes_nothing(
    make: MakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, peer = await begin(make, "bar")
    await until(lambda: len(peer.reports) >= 2, 10)
    true_time = time.time
    monkeypatch.setattr(time, "time", lambda: true_time() - 3600)
    seen, reports = len(peer.face), len(peer.reports)
    await until(lambda: len(peer.reports) >= reports + 2, 10)
    assert len(peer.face) > seen
    assert unbroken(peer)
    assert session.stats().renderer_failing is False
    stamps = [ntp / (1 << 32) for _, ntp, _ in peer.reports]
    assert np.ptp(stamps) < 60, "Sender Reports keep to the clock of the start"
    await peer.close()
    await session.close("the test is over")
