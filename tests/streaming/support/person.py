"""Somebody who talks with a digital human: an aiortc peer with a voice, and the page's messages."""

import asyncio
import contextlib
import json
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import websockets
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from avatar.audio import SAMPLE_RATE, Resampler, load_sound
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.polling import until
from tests.streaming.support.talking_peer import PACKET, RATE, TalkingPeer
from tests.support import need

Sound = npt.NDArray[np.int16]
LOUD = 400  # level of 16-bit sound above which somebody is heard


@lru_cache
def spoken(text: str, voice: str = "slt") -> Sound:
    """(n,) 48 kHz: `text` by flite."""
    need("flite")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "speech.wav"
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(file)], check=True)
        sound = load_sound(file)
    resampler = Resampler(SAMPLE_RATE, RATE)
    whole = np.concatenate([resampler.push(sound), resampler.flush()])
    return np.asarray(np.clip(whole * 32768, -32768, 32767), np.int16)


class Mouth(MediaStreamTrack):
    """A microphone: silence, but for what is said."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._begun: float | None = None
        self._sent = 0
        self._sound: Sound = np.zeros(0, np.int16)

    async def recv(self) -> av.AudioFrame:
        self._begun = self._begun or time.monotonic()
        due = self._begun + (self._sent + PACKET) / RATE
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        piece, self._sound = self._sound[:PACKET], self._sound[PACKET:]
        pcm = np.pad(piece, (0, PACKET - len(piece)))[np.newaxis]
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, self._sent
        frame.time_base = Fraction(1, RATE)
        self._sent += PACKET
        return frame

    def say(self, sound: Sound) -> tuple[float, float]:
        """Say it now, once nothing else is said; when its first and last samples are spoken."""
        assert self._begun is not None
        start = self._begun + (self._sent + len(self._sound)) / RATE
        self._sound = np.concatenate([self._sound, sound])
        return start, start + len(sound) / RATE


class Person(TalkingPeer):
    """Hears all of the voice, and is told what a page is told."""

    def __init__(self) -> None:
        super().__init__(speaks=False, hears=False)
        self.mouth = Mouth()
        self.peer.addTransceiver(self.mouth, direction="sendrecv")
        self.told: list[tuple[float, dict[str, Any]]] = []
        self.sound: list[tuple[float, Sound]] = []  # arrival, 20 ms of 48 kHz
        self._socket: Any = None

    async def send(self, kind: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": kind, **fields}))

    def all(self, kind: str) -> list[dict[str, Any]]:
        """All messages of a kind so far."""
        return [message for _, message in self.told if message["type"] == kind]

    def states(self) -> list[str]:
        return [message["state"] for message in self.all("talk.state")]

    async def hears_of(self, kind: str, count: int = 1, seconds: float = 20) -> dict[str, Any]:
        """The `count`-th message of a kind."""
        await until(lambda: len(self.all(kind)) >= count, seconds)
        return self.all(kind)[count - 1]

    async def waits_for_silence(self, seconds: float = 1.0) -> None:
        """Until nothing was heard for so long."""
        await until(lambda: not self.heard(time.monotonic() - seconds), 30)

    def heard(self, since: float = 0.0) -> list[float]:
        """When sound came, each 20 ms of it."""
        return [at for at, piece in self.sound if at > since and _level(piece) > LOUD]

    def voice_since(self, since: float) -> Sound:
        return np.concatenate([piece for at, piece in self.sound if at > since])

    async def _take(self, track: MediaStreamTrack) -> None:
        if track.kind != "audio":
            await super()._take(track)
            return
        with contextlib.suppress(MediaStreamError):
            while True:
                frame: Any = await track.recv()
                pcm = frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0]
                self.sound.append((time.monotonic(), pcm.copy()))

    async def listen(self, socket: Any) -> None:
        self._socket = socket
        with contextlib.suppress(websockets.ConnectionClosed):
            async for text in socket:
                self.told.append((time.monotonic(), json.loads(text)))


def _level(piece: Sound) -> float:
    return float(np.abs(piece.astype(np.float32)).mean())


@asynccontextmanager
async def talking(
    server: LiveServer, mode: str = "talk", motion: bool = False
) -> AsyncIterator[Person]:
    """A call in which a conversation has begun."""
    person = Person()
    address = server.address.replace("http", "ws") + "/ws"
    async with websockets.connect(address, max_size=None) as socket:
        listening = asyncio.create_task(person.listen(socket))
        await person.hears_of("hello")
        await person.send("offer", sdp=await person.offer(), mode=mode, motion=motion)
        await person.take_answer((await person.hears_of("answer"))["sdp"])
        await until(lambda: len(person.face) > 5)
        if mode == "talk":
            await person.hears_of("talk.ready")
        try:
            yield person
        finally:
            listening.cancel()
            await person.close()
