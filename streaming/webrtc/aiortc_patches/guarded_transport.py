"""Puts a guard before aiortc's transports: what it refuses never reaches their routers."""

from typing import Any

from aiortc import RTCDtlsTransport, RTCPeerConnection

from streaming.security.rtp_guard import UNREADABLE, RtpGuard, drop


class GuardedTransport:
    """Stands between one transport's decryption and its router."""

    def __init__(self, transport: RTCDtlsTransport) -> None:
        patched: Any = transport
        self._guard = RtpGuard()
        self._router = patched._rtp_router
        self._pass_on = patched._handle_rtp_data
        vars(transport).update(_handle_rtp_data=self._take_rtp, _handle_rtcp_data=self._take_rtcp)

    async def _take_rtp(self, data: bytes, arrival_time_ms: int) -> None:
        if self._guard.admits(data):
            await self._pass_on(data, arrival_time_ms=arrival_time_ms)

    async def _take_rtcp(self, data: bytes) -> None:
        try:
            for packet in self._guard.heeded(data):
                for recipient in self._router.route_rtcp(packet):
                    await recipient._handle_rtcp_packet(packet)
        except UNREADABLE:
            drop("malformed")


def guard(peer: RTCPeerConnection) -> None:
    """Guard every transport of a connection that has been negotiated."""
    for transport in {sender.transport for sender in peer.getSenders()}:
        GuardedTransport(transport)
