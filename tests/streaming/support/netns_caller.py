"""A caller as a program of its own, for a namespace of its own.

    python -m tests.streaming.support.netns_caller wss://HOST/ws TOKEN SECONDS

Prints JSON: pictures and packets of voice received, and how the two ends reached each other.
"""

import asyncio
import json
import ssl
import sys
from typing import Any

import websockets
from aiortc import RTCIceServer

from tests.streaming.support.talking_peer import TalkingPeer


async def call(address: str, token: str, seconds: float) -> dict[str, Any]:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    async with websockets.connect(address, ssl=trusting) as socket:
        await socket.send(json.dumps({"type": "token", "token": token}))
        hello = await expect(socket, "hello")
        peer = TalkingPeer(ice_servers=[RTCIceServer(**s) for s in hello["ice_servers"]])
        await socket.send(json.dumps({"type": "offer", "sdp": await peer.offer()}))
        answer = await expect(socket, "answer")
        await peer.take_answer(answer["sdp"])
        await asyncio.sleep(seconds)
        report = {"pictures": len(peer.face), "voice": len(peer.voice), "pair": pair(peer)}
        await peer.close()
    return report


async def expect(socket: Any, kind: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = json.loads(await socket.recv())
        if message["type"] == kind:
            return message
        assert message["type"] != "error", message


def pair(peer: TalkingPeer) -> list[str]:
    """Kinds of the candidates in use: own and the server's."""
    transport = peer.peer.getReceivers()[0].transport.transport
    nominated = transport._connection._nominated
    return [
        kind
        for p in nominated.values()
        for kind in (p.local_candidate.type, p.remote_candidate.type)
    ]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(call(sys.argv[1], sys.argv[2], float(sys.argv[3])))))
