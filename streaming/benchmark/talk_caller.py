"""A caller who talks: says a sentence, waits for the answer, interrupts it."""

import asyncio
import contextlib
import json
import time
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from avatar.audio import SAMPLE_RATE, Resampler, load_sound
from avatar.errors import AvatarError
from streaming.benchmark.load_caller import SPEECH
from streaming.media.clock import VOICE_RATE
from streaming.media.playout import VOICE_PACKET

SENTENCE = slice(round(8.6 * SAMPLE_RATE), round(11.78 * SAMPLE_RATE))  # the sample's last
LOUD = 400  # mean level of 16-bit sound that is more than what a codec makes of silence
STEP = VOICE_RATE // 100  # samples in which the first sound is looked for
SILENCE_S = 1.0  # after which an answer is over
ANSWER_TIMEOUT_S = 30.0
POLL_INTERVAL_S = 0.005

Pcm = npt.NDArray[np.int16]


def sentence() -> Pcm:
    """(n,) 48 kHz: a sentence of the page's sample voice, from its first sound on."""
    resampler = Resampler(SAMPLE_RATE, VOICE_RATE)
    said = load_sound(SPEECH)[SENTENCE]
    whole = np.concatenate([resampler.push(said), resampler.flush()])
    pcm = np.asarray(np.clip(whole * 32767, -32768, 32767), np.int16)
    steps = np.abs(pcm[: len(pcm) // STEP * STEP].reshape(-1, STEP).astype(np.float32))
    return pcm[int(np.argmax(steps.mean(axis=1) > LOUD)) * STEP :]


class TalkMouth(MediaStreamTrack):
    """Silence, but for what is said."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._begun: float | None = None
        self._sent = 0
        self._unsaid: Pcm = np.zeros(0, np.int16)

    async def recv(self) -> av.AudioFrame:
        self._begun = self._begun or time.monotonic()
        due = self._begun + (self._sent + VOICE_PACKET) / VOICE_RATE
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        piece, self._unsaid = self._unsaid[:VOICE_PACKET], self._unsaid[VOICE_PACKET:]
        pcm = np.pad(piece, (0, VOICE_PACKET - len(piece)))[np.newaxis]
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate, frame.pts = VOICE_RATE, self._sent
        frame.time_base = Fraction(1, VOICE_RATE)
        self._sent += VOICE_PACKET
        return frame

    def say(self, sound: Pcm) -> tuple[float, float]:
        """Say it now; when its first and its last sample are spoken, monotonic."""
        assert self._begun is not None
        begun = self._begun + self._sent / VOICE_RATE
        self._unsaid = sound
        return begun, begun + len(sound) / VOICE_RATE


class TalkCaller:
    """One call in which a conversation is held; notes when sound comes back."""

    def __init__(self) -> None:
        self.mouth = TalkMouth()
        self.ready = asyncio.Event()
        self.refused = ""
        self._loud: list[float] = []  # arrivals of 20 ms that are loud
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._tasks: list[asyncio.Task[None]] = []
        self._peer.addTransceiver(self.mouth, direction="sendrecv")
        self._peer.addTransceiver("video", direction="recvonly")
        self._peer.on("track", lambda track: self._spawn(self._take(track)))

    async def call(self, address: str) -> None:
        """Begin a conversation with the server. Raises AvatarError if there is none."""
        self._socket = await connect(address.replace("http", "ws", 1) + "/ws")
        await self._peer.setLocalDescription(await self._peer.createOffer())
        offer = {"type": "offer", "sdp": self._peer.localDescription.sdp, "mode": "talk"}
        await self._socket.send(json.dumps(offer))
        self._spawn(self._listen())
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            while not self.ready.is_set() and not self.refused:
                await asyncio.sleep(POLL_INTERVAL_S)
        if self.refused:
            raise AvatarError(self.refused)

    async def first_sound(self, since: float) -> float:
        """When sound first came after `since`. Raises AvatarError if none does."""
        return await self._until(lambda: next((at for at in self._loud if at > since), None))

    async def silence(self, since: float, until: float) -> float:
        """When the last sound came of what was heard between the two moments."""
        await asyncio.sleep(max(0.0, until - time.monotonic()))
        return max((at for at in self._loud if since <= at < until), default=since)

    async def answer_over(self) -> None:
        """Until nothing was heard for a second."""

        def quiet() -> float | None:
            seconds = time.monotonic() - max(self._loud, default=0.0)
            return seconds if seconds > SILENCE_S else None

        await self._until(quiet)

    async def close(self) -> None:
        await self._socket.close()
        await self._peer.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Any) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _listen(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in self._socket:
                message = json.loads(text)
                match message["type"]:
                    case "answer":
                        answer = RTCSessionDescription(message["sdp"], "answer")
                        await self._peer.setRemoteDescription(answer)
                    case "talk.ready":
                        self.ready.set()
                    case "error" | "talk.error":
                        self.refused = message["message"]

    async def _take(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame: Any = await track.recv()
                if track.kind == "audio":
                    level = np.abs(frame.to_ndarray().astype(np.float32)).mean()
                    if level > LOUD:
                        self._loud.append(time.monotonic())

    async def _until(self, found: Any) -> float:
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while (at := found()) is None:
            if time.monotonic() > deadline:
                raise AvatarError(f"no answer came within {ANSWER_TIMEOUT_S:g} s")
            await asyncio.sleep(POLL_INTERVAL_S)
        return float(at)
