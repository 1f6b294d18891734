"""A call that goes on over another path of the network, with an aiortc peer in the same process."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from avatar.errors import AvatarError
from streaming.render.client import RenderClient
from streaming.webrtc.session import Session
from tests.streaming.support.moving_peer import MovingPeer
from tests.streaming.support.polling import until
from tests.streaming.support.talking_peer import TalkingPeer

MakeSession = Callable[[], Session]

PACKET = 0.02  # seconds
OVERTAKEN = 5  # packets that the first on the new path may overtake, so that they are too late


@pytest.fixture
def make(renderer: RenderClient) -> MakeSession:
    return lambda: Session(renderer, 0.03, [], lambda _: None)


async def begin(make: MakeSession) -> tuple[Session, MovingPeer]:
    session, peer = make(), MovingPeer()
    await peer.take_answer(await session.answer(await peer.offer(), "bar"))
    await until(lambda: len(peer.face) > 10 and len(peer.voice) > 10, 5)
    return session, peer


async def end(session: Session, peer: TalkingPeer) -> None:
    await peer.close()
    await session.close("the test is over")


async def goes_on(peer: MovingPeer) -> None:
    pictures, packets = len(peer.face), len(peer.voice)
    await until(lambda: len(peer.face) > pictures + 25 and len(peer.voice) > packets + 50, 5)


async def test_both_tracks_go_on_by_new_sockets_and_hardly_a_packet_is_lost(
    make: MakeSession,
) -> None:
    session, peer = await begin(make)
    before = peer.port
    answer = await session.restart(await peer.move())
    await goes_on(peer)
    assert peer.port == before, "until the answer is there, the old path carries everything"
    await peer.arrive(answer)
    await until(lambda: peer.port != before, 5)
    await goes_on(peer)
    assert peer.peer.connectionState == "connected"
    missing = np.diff([media for _, media, _ in peer.voice]) / PACKET - 1
    assert missing.sum() <= OVERTAKEN
    await end(session, peer)


async def test_the_last_of_two_moves_counts(make: MakeSession) -> None:
    session, peer = await begin(make)
    before = peer.port
    await session.restart(await peer.move())
    await peer.arrive(await session.restart(await peer.move()))
    await until(lambda: peer.port != before, 5)
    await goes_on(peer)
    await end(session, peer)


async def test_an_offer_that_is_no_restart_is_refused_and_the_call_goes_on(
    make: MakeSession,
) -> None:
    session, peer = await begin(make)
    stranger = TalkingPeer()
    for offer, said in (
        (peer.peer.localDescription.sdp, "must restart ICE"),
        (await stranger.offer(), "must come from the connection that made it"),
        ("nonsense", "must come from"),
    ):
        with pytest.raises(AvatarError, match=said):
            await session.restart(offer)
    await goes_on(peer)
    await stranger.close()
    await end(session, peer)


async def test_nothing_can_be_restarted_before_there_is_a_connection(make: MakeSession) -> None:
    session, peer = make(), MovingPeer()
    await session.answer(await peer.offer(), "bar")
    with pytest.raises(AvatarError, match="no connection yet"):
        await session.restart(await peer.move())
    await end(session, peer)


async def test_a_call_that_ends_while_a_path_is_looked_for_leaves_no_task(
    make: MakeSession,
) -> None:
    tasks = len(asyncio.all_tasks())
    session, peer = await begin(make)
    await session.restart(await peer.move())
    await end(session, peer)
    await until(lambda: len(asyncio.all_tasks()) <= tasks, 5)
