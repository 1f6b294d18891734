"""Calls with offers that phones, gateways and simple viewers make: other codecs, or no sound."""

import re
from typing import Any

import numpy as np
import pytest

from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.posted_call import call, post_offer
from tests.streaming.support.talking_peer import TalkingPeer

H264 = {"video": "video/H264"}
HIGH = "640c1f"


def levels(notes: list[tuple[float, float, float]]) -> Any:
    return np.array([level for *_, level in notes])


async def test_a_caller_without_a_section_for_sound_sees_the_face(server: LiveServer) -> None:
    peer = TalkingPeer(speaks=False, hears=False)
    offer = await peer.offer()
    assert "m=audio" not in offer
    await call(server, peer, offer, 1)
    assert not peer.voice


@pytest.mark.parametrize("profile", ["42e01f", "42001f", HIGH])
async def test_a_caller_who_knows_h264_alone_sees_the_lips_move(
    server: LiveServer, profile: str
) -> None:
    peer = TalkingPeer(codecs=H264)
    offer = re.sub("profile-level-id=4200..", f"profile-level-id={profile}", await peer.offer())
    offer = offer.replace("profile-level-id=42e01f", f"profile-level-id={profile}")
    answer = await call(server, peer, offer, 3)
    assert "VP8" not in answer
    assert f"profile-level-id={profile}" in answer
    assert np.ptp(levels(peer.face)) > 10, "the bar moves"


@pytest.mark.parametrize("law", ["audio/PCMU", "audio/PCMA"])
async def test_a_telephone_is_heard_and_hears_in_step_with_the_lips(
    server: LiveServer, law: str
) -> None:
    peer = TalkingPeer(codecs={"audio": law})
    answer = await call(server, peer, await peer.offer(), 6)
    assert "opus" not in answer
    lips, voice = onsets(peer.face), onsets(peer.voice)
    assert len(lips) >= 3
    apart = [np.abs(voice - beep).min() for beep in lips]
    assert np.median(apart) <= 0.06, "one frame, one packet"


def onsets(notes: list[tuple[float, float, float]]) -> Any:
    """Media times at which the level rises above its middle."""
    found, media = levels(notes), np.array([media for _, media, _ in notes])
    loud = found > np.percentile(found, [10, 90]).mean()
    return media[1:][loud[1:] & ~loud[:-1]]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("VP8|H264", "AV1", "no video codec .* VP8, or H.264 .* offers AV1"),
        ("opus|PCM[UA]", "speex", "no audio codec .* Opus, PCMU or PCMA, and offers speex, G722"),
    ],
)
async def test_an_offer_that_cannot_be_served_is_refused_with_what_is_missing(
    server: LiveServer, old: str, new: str, words: str
) -> None:
    peer = TalkingPeer()
    offer = re.sub(f"(a=rtpmap:[0-9]+ )({old})/", rf"\1{new}/", await peer.offer())
    answer = await post_offer(server, offer)
    await peer.close()
    assert answer.status_code == 400
    assert re.search(words, answer.json()["detail"])
    assert server.sessions() == 0, "nothing is left of it"
