"""Codes and decodes voice on the event loop, in one channel.

aiortc hands each piece of 20 ms to another thread and takes it back, which takes the event loop
longer than coding or decoding it; and it makes two channels of every voice, both ways.
"""

import threading
from collections.abc import Callable
from typing import Any

import aiortc.codecs
from aiortc import RTCRtpCodecParameters, RTCRtpReceiver, RTCRtpSender
from aiortc.codecs import get_decoder
from aiortc.codecs.base import Decoder
from aiortc.codecs.opus import SAMPLES_PER_FRAME, OpusDecoder, OpusEncoder
from aiortc.jitterbuffer import JitterFrame
from av import AudioCodecContext, AudioResampler, CodecContext, FFmpegError
from av.frame import Frame

from streaming.media.clock import VOICE_RATE
from streaming.security.rtp_guard import drop

BITRATE = 64_000  # bits a second
COMPLEXITY = 5  # of 0 to 10
STEREO = 0x04  # in the first byte of an Opus packet (RFC 6716, section 3.1)


class VoiceOpusEncoder(OpusEncoder):
    """One channel; time stamps count from the first frame, as aiortc's do."""

    def __init__(self) -> None:
        super().__init__()
        self.codec: AudioCodecContext = CodecContext.create("libopus", "w")
        self.codec.bit_rate = BITRATE
        self.codec.format, self.codec.layout = "s16", "mono"
        self.codec.sample_rate = VOICE_RATE
        # Always CELT: SILK takes three times as long, and looks ahead 4 ms longer.
        self.codec.options = {"application": "lowdelay", "compression_level": str(COMPLEXITY)}
        self.resampler = AudioResampler("s16", "mono", VOICE_RATE, SAMPLES_PER_FRAME)


class VoiceDecoder:
    """One channel, until somebody sends two; then two, which `Downmix` weighs."""

    def __init__(self) -> None:
        self._decoder: Decoder | None = None
        self._stereo = False

    def decode(self, codec: RTCRtpCodecParameters, coded: JitterFrame) -> list[Frame]:
        """The frames of one packet. Raises FFmpegError."""
        stereo = codec.name == "opus" and bool(coded.data[0] & STEREO)
        if self._decoder is None or stereo > self._stereo:
            self._decoder, self._stereo = _decoder(codec, stereo), stereo
        return self._decoder.decode(coded)


def _decoder(codec: RTCRtpCodecParameters, stereo: bool) -> Decoder:
    decoder = get_decoder(codec)
    if isinstance(decoder, OpusDecoder) and not stereo:
        decoder.codec.layout = "mono"
    return decoder


class _OnTheLoop:
    """Stands for the event loop of a sender that asks it to have something coded."""

    async def run_in_executor(
        self, _: None, code: Callable[..., tuple[list[bytes], int]], *of: Any
    ) -> tuple[list[bytes], int]:
        return code(*of)


class _DecodedAtOnce:
    """Stands for the queue to the decoder's thread of a receiver, which waits here for its end."""

    def __init__(self, receiver: RTCRtpReceiver) -> None:
        self._receiver: Any = receiver
        self._decoder = VoiceDecoder()
        self._over = threading.Event()

    def put(self, coded: tuple[RTCRtpCodecParameters, JitterFrame] | None) -> None:
        if coded is None:
            self._over.set()
            return
        try:
            for frame in self._decoder.decode(*coded):
                self._receiver._track._queue.put_nowait(frame)
        except (FFmpegError, IndexError):  # the latter: it is empty
            drop("malformed")

    def get(self) -> None:
        self._over.wait()


def code_at_once(sender: RTCRtpSender) -> None:
    """Have a sender of voice code it on the event loop."""
    vars(sender)["_RTCRtpSender__loop"] = _OnTheLoop()


def decode_at_once(receiver: RTCRtpReceiver) -> None:
    """Have a receiver of voice decode it on the event loop; to be called before it receives."""
    vars(receiver)["_RTCRtpReceiver__decoder_queue"] = _DecodedAtOnce(receiver)


def install() -> None:
    """Have aiortc code Opus so."""
    vars(aiortc.codecs)["OpusEncoder"] = VoiceOpusEncoder
