"""One call: its peer connection, its clock, its two tracks, its tasks; closed in order."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from typing import Any

from aiortc import (
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
)
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from avatar.errors import AvatarError
from avatar.motion import Motion
from streaming.core import metrics
from streaming.core.limits import Limits
from streaming.marks.label import Label
from streaming.media.avatar_stream import AvatarStream, stream_delay
from streaming.media.call import EndCode
from streaming.media.clock import VOICE_PER_FRAME, VOICE_RATE, SessionClock
from streaming.render.caller import unmoved
from streaming.render.client import RenderClient
from streaming.sinks.framing import FramedSink
from streaming.webrtc.aiortc_patches.ice_restart import IceRestart
from streaming.webrtc.codec_choice import CodecChoice
from streaming.webrtc.messages import Bye, Leaving, Message, MotionFrame, State, Stats
from streaming.webrtc.peer_connection import (
    OutgoingTracks,
    add_tracks,
    bytes_received,
    take_candidate,
    take_offer,
    take_restart,
)
from streaming.webrtc.peer_sink import PeerSink
from streaming.webrtc.timeouts import CallTimeouts, audible

log = logging.getLogger(__name__)

SOUND_TIMEOUT_S = 1.0  # after connecting until a caller who sends nothing is shown the face
POLL_INTERVAL_S = 1.0
CLOSE_TIMEOUT_S = 5.0

Notify = Callable[[Message], None]


class Session:
    """A caller and the digital human that speaks with the caller's voice: a `Call`.

    `notify` receives events for the page: state, stats, bye. `closed` is set once all is freed.
    """

    def __init__(
        self,
        worker: RenderClient,
        budget: float,
        ice_servers: list[RTCIceServer],
        notify: Notify,
        block_code: bool = False,
        limits: Limits | None = None,
        watermark: bool = True,
        motion: bool = False,
        label: Label | None = None,
    ) -> None:
        """`motion`: the page is told what the face does, frame by frame; `label`: burnt in."""
        self.id = secrets.token_hex(8)
        self.closed = asyncio.Event()
        self.viewers = 0
        self.talking = False
        self._notify = notify
        clock = SessionClock(stream_delay(worker.lookahead, budget))
        self.avatar_stream = AvatarStream(
            worker, clock, block_code, watermark, self._tell_motion if motion else unmoved
        )
        self._clock, self._sound = self.avatar_stream.clock, self.avatar_stream.sound
        traces = self.avatar_stream.traces
        self._sink = PeerSink(traces.encoded)
        shown = FramedSink(self._sink, label) if label else self._sink
        self._playout = self.avatar_stream.playout(shown, traces)
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=ice_servers))
        self._ice_restart = IceRestart(self._peer)
        self._tasks: set[asyncio.Task[None]] = set()
        self._opened = self._clock.monotonic()
        self._answered = False
        self._closing = False
        self._listening = False
        self._received_bytes = 0
        self._timeouts = CallTimeouts(limits or Limits(), self._clock.monotonic())
        self._peer.on("track", self._on_track)
        self._peer.on("connectionstatechange", self._on_connection_state)
        self._outgoing: OutgoingTracks | None = None

    @property
    def delay(self) -> float:
        return self._clock.delay

    @property
    def speaker(self) -> str:
        """Whose face it is now."""
        return self.avatar_stream.speaker

    async def answer(self, offer: str, speaker: str) -> str:
        """Take the caller's offer (SDP), return the answer: a call with `speaker`.

        Raises AvatarError if the offer is no good or the speaker cannot be loaded.
        """
        answer = await take_offer(self._peer, offer, self._add_tracks)
        await self.avatar_stream.join(speaker)
        if self._closing:
            self.avatar_stream.leave()
            raise AvatarError("the call ended before it began")
        self._answered = True
        metrics.ANSWER.observe(self._clock.monotonic() - self._opened)
        self._spawn(self._watch())
        self._spawn(self.avatar_stream.submit_chunks())
        self._spawn(self._playout.run())
        return answer

    async def restart(self, offer: str) -> str:
        """Go on over another path: an offer (SDP) that restarts ICE, to its answer.

        Raises AvatarError if the offer is no good; the call goes on as before then.
        """
        answer = await take_restart(self._peer, self._ice_restart, offer)
        self._timeouts.packet(self._clock.monotonic())
        metrics.RESTARTS.inc()
        log.info("session %s goes on over another path", self.id)
        return answer

    @property
    def was_connected(self) -> bool:
        """Whether the caller has ever been connected."""
        return self._timeouts.was_connected

    def wait_for_return(self) -> None:
        """From now on a caller who falls silent has `limits.resume_s` to come back."""
        self._timeouts.wait_for_return()

    async def add_candidate(self, candidate: str, mid: str | None, line: int | None) -> None:
        """A trickled ICE candidate; an empty one ends them. Raises AvatarError if it is no good."""
        await take_candidate(self._peer, candidate, mid, line)

    async def switch(self, speaker: str) -> None:
        """Show another speaker as soon as it is loaded; the call goes on. Raises AvatarError."""
        await self.avatar_stream.switch(speaker)

    def hold_pictures(self, most: float) -> None:
        """The page's browser need not hold them back longer than `most` ms; ValueError: no time."""
        assert self._outgoing
        self._outgoing.hold.limit(most)

    def stats(self) -> Stats:
        """What the page's overlay needs: counters, and the clock to place what it shows."""
        outgoing = self._outgoing
        assert outgoing
        return Stats(
            delay_ms=round(self._clock.delay * 1000, 1),
            frames=self._playout.sent,
            late=self._playout.late,
            concealed_ms=self._sound.concealed * 1000 // VOICE_RATE,
            renderer_failing=self.avatar_stream.failing,
            epoch_ms=self._clock.capture(0) * 1000,
            now_ms=self._clock.monotonic() * 1000,
            video_origin=outgoing.face.origin,
            voice_origin=outgoing.voice.origin if outgoing.voice else None,
        )

    def announce_end(self, seconds: float) -> None:
        """Tell the page that the call will be ended."""
        self._notify(Leaving(seconds=seconds))

    async def close(self, reason: str, code: EndCode = "ended") -> None:
        """Free tasks, tracks, the worker's place and the connection; safe to call twice.

        The page is told `reason` in words, and by `code` what to make of it.
        """
        if self._closing:
            await self.closed.wait()
            return
        self._closing = True
        if self._answered:
            self._notify(Bye(reason=reason, code=code))
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._sink.close()
        self.avatar_stream.leave()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._peer.close()
        except Exception:  # whatever is wrong with the connection, the place must be freed
            log.exception("session %s: the connection could not be closed cleanly", self.id)
        finally:
            self.closed.set()
        metrics.CLOSED.labels(reason).inc()
        metrics.LENGTH.observe(self._clock.monotonic() - self._opened)
        log.info("session %s closed: %s", self.id, reason)

    def _add_tracks(self, codecs: CodecChoice) -> None:
        self._outgoing = add_tracks(self._peer, self._sink, self._clock, codecs, "sendrecv")

    def _tell_motion(self, frame: int, motion: Motion) -> None:
        named = motion.named()
        self._notify(
            MotionFrame(
                frame=frame,
                position=frame * VOICE_PER_FRAME,
                head=named["head"],
                visemes=named["visemes"],
                tracks=named["tracks"],
                blendShapes=named["blendShapes"],
            )
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio" and not self._listening:
            self._listening = True
            self._spawn(self._listen(track))
        else:
            track.stop()

    def _on_connection_state(self) -> None:
        state = self._peer.connectionState
        self._notify(State(state=state))
        if state == "connected":
            metrics.CONNECT.observe(self._clock.monotonic() - self._opened)
            self._spawn(self._start_without_sound())
        elif state in ("failed", "closed"):
            self._end("connection " + state)

    def _end(self, reason: str) -> None:
        if not self._closing:
            asyncio.get_running_loop().create_task(self.close(reason))

    async def _listen(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame: AudioFrame = await track.recv()  # type: ignore[assignment]
                self._sound.feed(frame)
                if audible(frame):
                    self._timeouts.spoke(self._clock.monotonic())
        except MediaStreamError:
            return

    async def _start_without_sound(self) -> None:
        await asyncio.sleep(SOUND_TIMEOUT_S)
        self._clock.start(self._clock.monotonic())

    async def _watch(self) -> None:
        """Send statistics every second; end a call that has lasted long enough."""
        while True:
            await asyncio.sleep(POLL_INTERVAL_S)
            received, now = await bytes_received(self._peer), self._clock.monotonic()
            if received > self._received_bytes:
                self._received_bytes = received
                self._timeouts.packet(now)
            if self.avatar_stream.speaking:
                self._timeouts.spoke(now)
            if self._peer.connectionState == "connected":
                self._timeouts.connected(now)
                self._notify(self.stats())
            reason = self._timeouts.over(now)
            if reason:
                self._end(reason)
                return
