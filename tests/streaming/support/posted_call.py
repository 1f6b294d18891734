"""A call that begins by a POST of its offer."""

import httpx

from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.polling import until
from tests.streaming.support.talking_peer import TalkingPeer


async def post_offer(
    server: LiveServer, sdp: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    async with httpx.AsyncClient(base_url=server.address, headers=headers) as client:
        return await client.post("/offer", json={"sdp": sdp, "type": "offer"})


async def call(server: LiveServer, peer: TalkingPeer, offer: str, seconds: float) -> str:
    """A call of at least that long, pictures and all; the answer."""
    answer = await post_offer(server, offer)
    assert answer.status_code == 200, answer.text
    sdp = str(answer.json()["sdp"])
    await peer.take_answer(sdp)
    await until(lambda: peer.face and peer.face[-1][1] >= seconds, 15)
    await peer.close()
    return sdp
