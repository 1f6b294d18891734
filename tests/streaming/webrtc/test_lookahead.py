"""A whole call with a speaker that hears one frame ahead: 40 ms sooner, and as much in step."""

import asyncio
import dataclasses
import functools
from pathlib import Path

import numpy as np
import pytest

from streaming.render.client import RenderClient
from streaming.render.renderer import FindSpeakers, Speakers
from streaming.webrtc.session import Session
from tests.streaming.support.level_bar import LevelBar, find_bars
from tests.streaming.support.levels import halfway, onsets
from tests.streaming.support.polling import until
from tests.streaming.support.talking_peer import TalkingPeer

BUDGET = 0.03
BEEPS = 3


def load_prompt(_: str) -> LevelBar:
    return LevelBar(lookahead=1)


def find_prompt_bars(folder: Path) -> Speakers:
    return dataclasses.replace(find_bars(folder), load=load_prompt)


@pytest.fixture(scope="module")
def speakers(tmp_path_factory: pytest.TempPathFactory) -> FindSpeakers:
    return functools.partial(find_prompt_bars, tmp_path_factory.mktemp("prompt"))


async def test_a_call_is_sooner_and_in_step(renderer: RenderClient) -> None:
    session, peer = Session(renderer, BUDGET, [], lambda _: None), TalkingPeer()
    try:
        await peer.take_answer(await session.answer(await peer.offer(), "bar"))
        await until(lambda: peer.face and peer.voice, 10)
        await until(lambda: len(onsets(peer.face, halfway(peer.face))) >= BEEPS, 15)
        await asyncio.sleep(0.2)  # the voice of the last of them
        stats = session.stats()
    finally:
        await peer.close()
        await session.close("the test is over")
    assert stats.delay_ms == pytest.approx((0.08 + 0.015 + BUDGET) * 1000)
    voice = onsets(peer.voice, 1000)
    apart = [np.abs(voice - beep).min() for beep in onsets(peer.face, halfway(peer.face))]
    assert np.median(apart) <= 0.06, "the bar rises with the beep (one frame, one packet)"
