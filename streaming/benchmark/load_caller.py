"""One caller of a load: ICE, DTLS and SRTP are real, the voice is coded beforehand."""

import asyncio
import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from aiortc.sdp import SessionDescription
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from avatar.audio import FPS, SAMPLE_RATE, Resampler, load_sound
from avatar.errors import AvatarError
from streaming.benchmark.picture_count import FREEZE_MS, PictureCount
from streaming.media.clock import VOICE_RATE
from streaming.media.playout import VOICE_PACKET
from streaming.webrtc.aiortc_patches.received_packets import ask_for_rate, tap

SPEECH = Path(__file__).parents[1] / "web" / "sample.mp3"
LINE_BITRATE = 3_000_000  # bits a second that a caller's line takes: more than a face is sent with
RATE_INTERVAL_S = 1.0  # between two reports of it
FROZEN_PICTURES = int(FREEZE_MS / 1000 * FPS)  # repeated within a second: may be a freeze
ANSWER_TIMEOUT_S = 30.0
VOICE_BITRATE = 40_000  # bits a second, about what browsers send


@dataclass(frozen=True)
class CallCount:
    """What became of one call."""

    seconds: float
    fps: float
    "New pictures a second: repeated ones are not counted."
    late: int
    "Pictures that the server repeated or skipped."
    skipped: int
    freezes: int
    "Gaps of more than 200 ms between two pictures, repeated ones among them."
    repeated_freezes: int
    "Seconds in which the server had no new picture for 200 ms or more."
    longest_gap_ms: float
    lost_packets: int
    ended: str
    "Why the call ended too early; empty: it did not."


def coded_speech() -> list[bytes]:
    """The sample voice of the page, as Opus packets of 20 ms."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = VOICE_RATE, "mono", "flt"
    encoder.bit_rate = VOICE_BITRATE
    samples = Resampler(SAMPLE_RATE, VOICE_RATE).push(load_sound(SPEECH))
    packets: list[bytes] = []
    for start in range(0, len(samples) - VOICE_PACKET + 1, VOICE_PACKET):
        piece = samples[None, start : start + VOICE_PACKET]
        frame = av.AudioFrame.from_ndarray(piece, format="flt", layout="mono")
        frame.sample_rate, frame.pts = VOICE_RATE, start
        packets += map(bytes, encoder.encode(frame))
    return packets


class CodedVoice(MediaStreamTrack):
    """A microphone that hears the same speech again and again."""

    kind = "audio"

    def __init__(self, packets: Sequence[bytes]) -> None:
        super().__init__()
        self._packets = packets
        self._begun: float | None = None
        self._sent = 0

    async def recv(self) -> "av.Packet[Any]":
        self._begun = self._begun or time.monotonic()
        due = self._begun + self._sent * VOICE_PACKET / VOICE_RATE
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        packet = av.Packet(self._packets[self._sent % len(self._packets)])
        packet.pts, packet.time_base = self._sent * VOICE_PACKET, Fraction(1, VOICE_RATE)
        self._sent += 1
        return packet


class LoadCaller:
    """Calls, counts, hangs up."""

    def __init__(self, address: str, token: str, voice: Sequence[bytes]) -> None:
        """`address`: of the server, http or https."""
        self._address = address.replace("http", "ws", 1) + "/ws"
        self._token = token
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._peer.addTransceiver(CodedVoice(voice), direction="sendrecv")
        self._peer.addTransceiver("video", direction="recvonly")
        self._stack = contextlib.AsyncExitStack()
        self._count = PictureCount(payload_type=-1)
        self._tasks: list[asyncio.Task[None]] = []
        self._late = self._late_before = 0
        self._repeated_freezes = 0
        self._begun = 0.0
        self._ended = ""

    async def call(self) -> None:
        """Return once pictures come. Raises AvatarError if the server refuses, or sends none."""
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                socket = await self._stack.enter_async_context(
                    connect(self._address, ping_interval=None)
                )
                await self._negotiate(socket)
                self._tasks = [
                    asyncio.create_task(self._listen(socket)),
                    asyncio.create_task(self._report_rate()),
                ]
                while not self._count.pictures and not self._ended:
                    await asyncio.sleep(0.02)
        except (TimeoutError, OSError, ConnectionClosed) as error:
            why = str(error) or "no picture came"
            raise AvatarError(f"a caller of the load gave up: {why}") from error

    def begin(self) -> None:
        """Count from now on."""
        self._begun = time.monotonic()
        self._late_before, self._repeated_freezes = self._late, 0
        self._count.begin(_now_ms())

    async def hang_up(self) -> CallCount:
        """What was counted."""
        self._count.end(_now_ms())
        seconds = time.monotonic() - self._begun
        count, late = self._count, self._late - self._late_before
        new = max(0, count.pictures - max(0, late - count.skipped))
        found = CallCount(
            seconds=round(seconds, 1),
            fps=round(new / seconds, 2),
            late=late,
            skipped=count.skipped,
            freezes=count.freezes,
            repeated_freezes=self._repeated_freezes,
            longest_gap_ms=round(count.longest_gap_ms, 1),
            lost_packets=count.lost_packets,
            ended=self._ended,
        )
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()
        await self._peer.close()
        return found

    async def _negotiate(self, socket: ClientConnection) -> None:
        await self._peer.setLocalDescription(await self._peer.createOffer())
        await socket.send(json.dumps({"type": "token", "token": self._token}))
        offer = {"type": "offer", "sdp": self._peer.localDescription.sdp}
        await socket.send(json.dumps(offer))
        async for text in socket:
            message = json.loads(text)
            if message["type"] == "error":
                raise AvatarError(f"the server refused a call: {message['message']}")
            if message["type"] == "answer":
                await self._take_answer(message["sdp"])
                return
        raise AvatarError("the server closed a caller's connection before it answered")

    async def _take_answer(self, sdp: str) -> None:
        face = next(m for m in SessionDescription.parse(sdp).media if m.kind == "video")
        payload_type = face.rtp.codecs[0].payloadType
        assert payload_type is not None
        self._count = PictureCount(payload_type)
        await self._peer.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        tap(self._peer, lambda packet, _: self._count.take(packet, _now_ms()))

    async def _listen(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "stats":
                    self._note_late(message["late"])
                elif message["type"] == "bye":
                    self._ended = message["reason"]
        except ConnectionClosed:
            pass
        self._ended = self._ended or "the server closed the connection"

    def _note_late(self, late: int) -> None:
        self._repeated_freezes += late - self._late >= FROZEN_PICTURES
        self._late = late

    async def _report_rate(self) -> None:
        transport = self._peer.getReceivers()[1].transport
        with contextlib.suppress(ConnectionError):
            while True:
                await asyncio.sleep(RATE_INTERVAL_S)
                if self._count.source is not None:
                    await ask_for_rate(transport, self._count.source, LINE_BITRATE)


def _now_ms() -> float:
    return time.monotonic() * 1000
