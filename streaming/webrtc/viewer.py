"""Somebody who looks at a running call: a peer connection that only receives."""

import asyncio
import contextlib

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection

from streaming.marks.label import Label
from streaming.media.avatar_stream import AvatarStream
from streaming.sinks.framing import FramedSink
from streaming.webrtc.codec_choice import CodecChoice
from streaming.webrtc.peer_connection import add_tracks, take_offer
from streaming.webrtc.peer_sink import PeerSink


class Viewer:
    """Sees and hears one stream; `lost` is set when the connection breaks."""

    def __init__(
        self,
        avatar_stream: AvatarStream,
        ice_servers: list[RTCIceServer],
        connecting_s: float,
        label: Label | None = None,
    ) -> None:
        """`connecting_s`: seconds to connect in; after them it counts as lost."""
        self.lost = asyncio.Event()
        self._given_up = asyncio.get_running_loop().call_later(connecting_s, self.lost.set)
        self._sink = PeerSink()
        shown = FramedSink(self._sink, label) if label else self._sink
        self._playout = avatar_stream.playout(shown)
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=ice_servers))
        self._task: asyncio.Task[None] | None = None
        self._peer.on("connectionstatechange", self._on_connection_state)
        self._peer.on("track", lambda track: track.stop())
        self._clock = avatar_stream.clock

    async def answer(self, offer: str) -> str:
        """Take the page's whole offer (SDP), return the answer. Raises AvatarError."""

        def add(codecs: CodecChoice) -> None:
            add_tracks(self._peer, self._sink, self._clock, codecs, "sendonly")

        return await take_offer(self._peer, offer, add)

    async def close(self) -> None:
        """Stop looking and free everything."""
        self._given_up.cancel()
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._sink.close()
        await self._peer.close()

    def _on_connection_state(self) -> None:
        state = self._peer.connectionState
        if state == "connected" and self._task is None:
            self._given_up.cancel()
            self._task = asyncio.get_running_loop().create_task(self._playout.run())
        elif state in ("failed", "closed"):
            self.lost.set()
