"""The example bot, as pipecat's runner begins it, called by a real peer."""

import asyncio
import runpy
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pipecat", reason="pipecat-ai is not installed", exc_type=ImportError)

from pipecat.runner.types import SmallWebRTCRunnerArguments
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection

from tests.streaming.support.agent import Onlooker
from tests.streaming.support.polling import until

EXAMPLE = Path(__file__).parents[3] / "examples" / "pipecat_bot.py"


async def test_the_example_shows_the_face_and_says_what_it_hears() -> None:
    bot = runpy.run_path(str(EXAMPLE))["bot"]
    caller, connection = Onlooker(), SmallWebRTCConnection(ice_servers=[])
    caller.beeps.loud = True
    await connection.initialize(await caller.offer(), "offer")
    running = asyncio.create_task(bot(SmallWebRTCRunnerArguments(webrtc_connection=connection)))
    answer: Any = connection.get_answer()
    await caller.take_answer(answer["sdp"])
    await connection.connect()
    try:
        await until(lambda: len(caller.face) > 25 and len(caller.heard()) > 25, 60)
    finally:
        await caller.close()
    async with asyncio.timeout(60):
        await running
