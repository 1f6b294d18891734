"""Sends the packets of a picture or of a piece of voice at one go.

aiortc builds each packet, its header extensions and two readings of the time anew, and hands
packets down a chain of coroutines one by one; it also works out how loud each piece of voice is in
a Python loop over its samples.
"""

import math
import random
import struct
from typing import Any

import aiortc.rtcrtpsender
import aiortc.rtp
import numpy as np
from aiortc import RTCRtpSender, clock
from aiortc.rtp import RTP_HISTORY_SIZE, HeaderExtensions, RtpPacket
from av import AudioFrame

HEADER = struct.Struct("!BBHII")  # flags, marker and payload type, number, time stamp, source
EXTENSIONS = struct.Struct("!HH")  # profile, length in words of 32 bits
VERSION, EXTENDED, MARKER = 0x80, 0x10, 0x80
UINT16, UINT32 = 1 << 16, 1 << 32
FULL_SCALE = 32767.0
LOUDEST, QUIETEST = 0, -127  # dBov


class PacketSender:
    """Takes the sending of one aiortc sender over; make it after everything that changes frames."""

    def __init__(self, sender: RTCRtpSender) -> None:
        self._sender: Any = sender
        self._next_frame = self._sender._next_encoded_frame
        self._number = aiortc.rtcrtpsender.random_sequence_number()
        self._origin = random.getrandbits(32)
        vars(sender)["_next_encoded_frame"] = self._send_next

    async def _send_next(self, codec: Any) -> None:
        """Send the next frame; aiortc, told that there is none, comes back for the one after it."""
        frame = await self._next_frame(codec)
        if frame is None:
            return
        sender, stamp = self._sender, (self._origin + frame.timestamp) % UINT32
        extensions = self._extensions(frame.audio_level)
        profile, packed = sender._RTCRtpSender__rtp_header_extensions_map.set(extensions)
        flags = VERSION | EXTENDED if packed else VERSION
        inserted = EXTENSIONS.pack(profile, len(packed) // 4) + packed if packed else b""
        history, last = sender._RTCRtpSender__rtp_history, len(frame.payloads) - 1
        for place, payload in enumerate(frame.payloads):
            number, marker = self._number, MARKER if place == last else 0
            kind = codec.payloadType | marker
            data = HEADER.pack(flags, kind, number, stamp, sender._ssrc) + inserted + payload
            packet = RtpPacket(codec.payloadType, marker >> 7, number, stamp, sender._ssrc, payload)
            packet.extensions = extensions
            history[number % RTP_HISTORY_SIZE] = packet
            await sender.transport._send_rtp(data)
            self._number = (number + 1) % UINT16
        sender._RTCRtpSender__ntp_timestamp = clock.current_ntp_time()
        sender._RTCRtpSender__rtp_timestamp = stamp
        sender._RTCRtpSender__octet_count += sum(map(len, frame.payloads))
        sender._RTCRtpSender__packet_count += len(frame.payloads)

    def _extensions(self, level: int | None) -> HeaderExtensions:
        found = HeaderExtensions(mid=self._sender._RTCRtpSender__mid)
        found.abs_send_time = (clock.current_ntp_time() >> 14) & 0x00FFFFFF
        if level is not None:
            found.audio_level = (False, -level)
        return found


def loudness(frame: AudioFrame) -> int:
    """How loud a piece of s16 voice is, in dBov (RFC 6465)."""
    count = frame.samples * len(frame.layout.channels)
    pcm = np.frombuffer(memoryview(frame.planes[0]), np.int16, count).astype(np.float32)
    power = float(pcm @ pcm) / (count * FULL_SCALE**2)
    return round(min(LOUDEST, max(QUIETEST, 10 * math.log10(power)))) if power else QUIETEST


def install() -> None:
    """Have aiortc's senders ask here how loud a voice is."""
    vars(aiortc.rtp)["compute_audio_level_dbov"] = loudness
