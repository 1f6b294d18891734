"""Visitors that end in every way, beside a call that goes on: what is freed, and when."""

import asyncio
from pathlib import Path

from streaming.benchmark import soak
from streaming.core.config import ServeConfig
from streaming.core.limits import Limits
from tests.streaming.support.live_server import serving_bars
from tests.streaming.support.page_socket import Page, connect
from tests.streaming.support.talking_peer import TalkingPeer

RESUME_S = 4.0  # seconds for which those who did not hang up may come back
FREED = {"hung up": 5.0, "killed": RESUME_S + 5, "fell silent": RESUME_S + 5}


async def test_every_way_to_end_a_visit_frees_its_place_in_time(tmp_path: Path) -> None:
    config = ServeConfig(max_sessions=3, limits=Limits(resume_s=RESUME_S))
    with serving_bars(tmp_path, config) as server:
        peer = TalkingPeer()
        async with connect(server) as socket:
            await Page(socket).call(peer)
            visits = [
                await asyncio.to_thread(soak._make_short_call, server.address, ending)
                for ending in soak.ENDINGS
            ]
            assert len(peer.face) > 100, "the call beside them went on"
        await peer.close()
    for visit in visits:
        assert visit.came, visit
        assert visit.freed_after is not None, visit
        assert visit.freed_after <= FREED[visit.ending], visit


async def test_a_visit_to_a_full_server_is_no_visit(tmp_path: Path) -> None:
    with serving_bars(tmp_path, ServeConfig(max_sessions=1)) as server:
        peer = TalkingPeer()
        async with connect(server) as socket:
            await Page(socket).call(peer)
            visit = await asyncio.to_thread(soak._make_short_call, server.address, "hung up")
        await peer.close()
    assert not visit.came
