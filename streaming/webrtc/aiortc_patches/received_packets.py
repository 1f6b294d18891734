"""Hands what arrives to somebody who only counts it: no jitter buffer, no decoder.

For callers of a load: dozens of them share the cores of the server that they measure.
"""

from collections.abc import Callable
from typing import Any

from aiortc import RTCDtlsTransport, RTCPeerConnection
from aiortc.rtp import RTCP_PSFB_APP, RtcpPsfbPacket, pack_remb_fci

Take = Callable[[bytes, int], None]


def tap(peer: RTCPeerConnection, take: Take) -> None:
    """From now on `take(RTP packet, arrival in ms)` gets all sound and pictures of a connection."""

    async def handle(data: bytes, arrival_time_ms: int) -> None:
        take(data, arrival_time_ms)

    for transport in {receiver.transport for receiver in peer.getReceivers()}:
        vars(transport)["_handle_rtp_data"] = handle


async def ask_for_rate(transport: RTCDtlsTransport, source: int, bitrate: int) -> None:
    """Tell the sender of SSRC `source` that so many bits a second would get through (REMB)."""
    wish = RtcpPsfbPacket(
        fmt=RTCP_PSFB_APP, ssrc=0, media_ssrc=0, fci=pack_remb_fci(bitrate, [source])
    )
    patched: Any = transport
    await patched._send_rtp(bytes(wish))
