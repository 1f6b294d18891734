"""A caller at the far end of a line: `python -m tests.streaming.support.far_caller HOST PORT`.

Speaks beeps until standard input ends. Then prints JSON: when the first beep began, what came back
(arrival, media time, level) as `voice` and `face`, and whether the call lasted to the end. Arrival
of a picture is that of its last packet: aiortc's own video buffer stays late once it had to wait.
"""

import asyncio
import contextlib
import json
import sys
import time
from typing import Any

import websockets

from streaming.media.clock import VIDEO_RATE
from streaming.webrtc.aiortc_patches.install import install
from tests.streaming.support.netns_caller import expect
from tests.streaming.support.talking_peer import TalkingPeer

KEY_FRAMES = 1.0  # seconds


async def call(host: str, port: int) -> dict[str, Any]:
    install()
    peer = TalkingPeer()
    async with websockets.connect(f"ws://localhost:{port}/ws", host=host) as socket:
        await socket.send(json.dumps({"type": "offer", "sdp": await peer.offer()}))
        await peer.take_answer((await expect(socket, "answer"))["sdp"])
        arrivals = note_arrivals(peer)
        reading = asyncio.create_task(read_on(socket))
        print("calling", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        lasted = not reading.done()
        reading.cancel()
    await peer.close()
    return {
        "begun": peer.beeps._begun,
        "voice": peer.voice,
        "face": [
            (arrivals[ticks], media, level)
            for _, media, level in peer.face
            if (ticks := round(media * VIDEO_RATE) % (1 << 32)) in arrivals
        ],
        "lasted": lasted,
    }


def note_arrivals(peer: TalkingPeer) -> dict[int, float]:
    """Time of a picture (ticks after the first) -> when its last packet came, from now on.

    Once a second it asks for a key frame: unlike a browser, aiortc asks only once after a loss.
    """
    arrivals: dict[int, float] = {}
    origin: list[int] = []
    asked = time.monotonic()
    receiver: Any = next(one for one in peer.peer.getReceivers() if one.track.kind == "video")
    handle = receiver._handle_rtp_packet

    async def note(packet: Any, arrival_time_ms: int) -> None:
        nonlocal asked
        if not origin:
            origin.append(packet.timestamp)
        if time.monotonic() - asked > KEY_FRAMES:
            asked = time.monotonic()
            await receiver._send_rtcp_pli(packet.ssrc)
        arrivals[(packet.timestamp - origin[0]) % (1 << 32)] = time.monotonic()
        await handle(packet, arrival_time_ms)

    receiver._handle_rtp_packet = note
    return arrivals


async def read_on(socket: Any) -> None:
    with contextlib.suppress(websockets.ConnectionClosed):
        while True:
            await socket.recv()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(call(sys.argv[1], int(sys.argv[2])))))
