"""A guest whose speaker never gets ready."""

import functools
from pathlib import Path

import httpx

from streaming.config import ServeConfig
from streaming.limits import Limits
from streaming.renderer import Renderer, Speakers
from tests.streaming.level_bar import find_bars
from tests.streaming.live_server import serving
from tests.streaming.talking_peer import TalkingPeer


def find_one_broken(folder: Path) -> Speakers:
    """Bars, of which `pale` trips over something that nobody thought of."""
    bars = find_bars(folder)

    def load(name: str) -> Renderer:
        if name == "pale":
            raise ZeroDivisionError(name)
        return bars.load(name)

    return Speakers(bars.first, bars.previews, load)


async def test_a_speaker_that_never_gets_ready_keeps_no_place(tmp_path: Path) -> None:
    config = ServeConfig(max_sessions=1, limits=Limits(connecting_s=1))
    with serving(functools.partial(find_one_broken, tmp_path), config) as server:
        peer = TalkingPeer()
        offer = {"sdp": await peer.offer(), "type": "offer"}
        for _ in range(2):
            answer = httpx.post(f"{server.address}/offer", json=offer | {"speaker": "pale"})
            assert answer.status_code == 400
            assert "not ready" in answer.text
            assert server.sessions() == 0
        good = httpx.post(f"{server.address}/offer", json=offer | {"speaker": "bar"})
        assert good.status_code == 200
        await peer.close()
