"""A caller who changes networks: `python -m tests.streaming.support.moving_caller HOST PORT`.

Writes `calling` when pictures come. At a line on standard input it comes back from where it then
is. Prints JSON at last: `sessions` (ids), `paths` (own addresses), `face` (arrival, level).
"""

import asyncio
import json
import sys
from typing import Any

import websockets

from streaming.webrtc.aiortc_patches.install import install
from tests.streaming.support.moving_peer import MovingPeer
from tests.streaming.support.netns_caller import expect

SPEAKER = "pale"


def connect(host: str, port: int) -> Any:
    return websockets.connect(f"ws://localhost:{port}/ws", host=host)


async def call(host: str, port: int) -> dict[str, Any]:
    install()
    peer = MovingPeer()
    first = await connect(host, port)
    await first.send(json.dumps({"type": "offer", "sdp": await peer.offer()}))
    answer = await expect(first, "answer")
    await peer.take_answer(answer["sdp"])
    await first.send(json.dumps({"type": "speaker", "name": SPEAKER}))
    await expect(first, "speaker")
    await pictures(peer, 25)
    paths = [peer.address]
    print("calling", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    second = await connect(host, port)
    wanted = {"session_id": answer["session_id"], "key": answer["resume"]}
    await second.send(json.dumps({"type": "resume", **wanted, "sdp": await peer.move()}))
    again = await expect(second, "answer")
    await peer.arrive(again["sdp"])
    await pictures(peer, 50)
    paths.append(peer.address)
    await second.send(json.dumps({"type": "stop"}))
    await peer.close()
    first.transport.abort()
    return {
        "sessions": [answer["session_id"], again["session_id"]],
        "paths": paths,
        "face": [(at, level) for at, _, level in peer.face],
    }


async def pictures(peer: MovingPeer, more: int) -> None:
    seen = len(peer.face)
    async with asyncio.timeout(20):
        while len(peer.face) < seen + more:
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(call(sys.argv[1], int(sys.argv[2])))))
