"""A guest whose speaker never gets ready, or not soon enough."""

import functools
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from streaming.core.config import ServeConfig
from streaming.core.limits import Limits
from streaming.render.renderer import Renderer, Speakers
from tests.streaming.support.level_bar import find_bars
from tests.streaming.support.live_server import serving
from tests.streaming.support.talking_peer import TalkingPeer

CONNECTING = 1.0  # seconds


def find_one_broken(folder: Path) -> Speakers:
    """Bars, of which `pale` trips over something that nobody thought of."""
    bars = find_bars(folder)

    def load(name: str) -> Renderer:
        if name == "pale":
            raise ZeroDivisionError(name)
        return bars.load(name)

    return Speakers(bars.first, bars.previews, load)


def find_one_slow(folder: Path) -> Speakers:
    """Bars, of which `pale` takes its time."""
    bars = find_bars(folder)

    def load(name: str) -> Renderer:
        if name == "pale":
            time.sleep(2 * CONNECTING)
        return bars.load(name)

    return Speakers(bars.first, bars.previews, load)


@pytest.mark.parametrize(
    ("find", "said"), [(find_one_broken, "cannot be shown now"), (find_one_slow, "not ready")]
)
async def test_a_speaker_that_is_not_to_be_had_keeps_no_place(
    find: Callable[[Path], Speakers], said: str, tmp_path: Path
) -> None:
    config = ServeConfig(max_sessions=1, limits=Limits(connecting_s=CONNECTING))
    with serving(functools.partial(find, tmp_path), config) as server:
        peer = TalkingPeer()
        offer = {"sdp": await peer.offer(), "type": "offer"}
        answer = httpx.post(f"{server.address}/offer", json=offer | {"speaker": "pale"})
        assert answer.status_code == 400
        assert said in answer.text
        assert server.sessions() == 0
        good = httpx.post(f"{server.address}/offer", json=offer | {"speaker": "bar"})
        assert good.status_code == 200
        await peer.close()
