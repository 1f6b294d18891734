"""Somebody who looks at a running call: a peer connection that only receives."""

import asyncio
import contextlib

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection

from streaming.media.avatar_stream import AvatarStream
from streaming.webrtc.peer_connection import add_tracks, take_offer
from streaming.webrtc.peer_sink import PeerSink


class Viewer:
    """Sees and hears one performance; `lost` is set when the connection breaks."""

    def __init__(self, avatar_stream: AvatarStream, ice_servers: list[RTCIceServer]) -> None:
        self.lost = asyncio.Event()
        self._sink = PeerSink()
        self._presenter = avatar_stream.playout(self._sink)
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=ice_servers))
        self._task: asyncio.Task[None] | None = None
        self._peer.on("connectionstatechange", self._on_connection_state)
        self._peer.on("track", lambda track: track.stop())
        add_tracks(self._peer, self._sink, avatar_stream.clock, "sendonly")

    async def answer(self, offer: str) -> str:
        """Take the page's whole offer (SDP), return the answer. Raises AvatarError."""
        return await take_offer(self._peer, offer)

    async def close(self) -> None:
        """Stop looking and free everything."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._sink.close()
        await self._peer.close()

    def _on_connection_state(self) -> None:
        state = self._peer.connectionState
        if state == "connected" and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._presenter.run())
        elif state in ("failed", "closed"):
            self.lost.set()
