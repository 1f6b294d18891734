"""A caller that comes for a short time, in a process of its own so that it can be killed.

`python -m streaming.benchmark.client ADDRESS` calls, writes `live` once a picture has come, and
hangs up when its standard input ends.
"""

import asyncio
import json
import sys

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, MediaStreamTrack
from websockets.asyncio.client import ClientConnection, connect


async def call(address: str) -> None:
    """One call to the server at `address` (http://...), until standard input ends."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    tasks: list[asyncio.Task[None]] = []
    peer.on("track", lambda track: tasks.append(asyncio.create_task(_watch(track))))
    peer.addTransceiver(AudioStreamTrack(), direction="sendrecv")
    peer.addTransceiver("video", direction="recvonly")
    async with connect(address.replace("http", "ws", 1) + "/ws", ping_interval=None) as socket:
        await _call(peer, socket)
        await asyncio.to_thread(sys.stdin.read)
        await socket.send(json.dumps({"type": "stop"}))
    await peer.close()
    await asyncio.gather(*tasks)


async def _call(peer: RTCPeerConnection, socket: ClientConnection) -> None:
    await peer.setLocalDescription(await peer.createOffer())
    await socket.send(json.dumps({"type": "offer", "sdp": peer.localDescription.sdp}))
    async for text in socket:
        message = json.loads(text)
        if message["type"] == "answer":
            await peer.setRemoteDescription(RTCSessionDescription(message["sdp"], "answer"))
            return
        if message["type"] == "error":
            raise SystemExit(message["message"])


async def _watch(track: MediaStreamTrack) -> None:
    """Take what comes, and say when it is the first picture."""
    try:
        await track.recv()
        if track.kind == "video":
            print("live", flush=True)
        while True:
            await track.recv()
    except MediaStreamError:
        return


if __name__ == "__main__":
    asyncio.run(call(sys.argv[1]))
