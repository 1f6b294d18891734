"""The receive buffer for sound: every packet goes on at once, and losses are left to be concealed.

aiortc's own buffer holds four packets back (84 ms from capture to the track) and waits up to 320 ms
for a lost one. A session places sound by its time stamp and decides itself when a missing piece is
too late, so nothing is gained by holding packets here.
"""

import aiortc.rtcrtpreceiver
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_add, uint16_gt

RESTART_GAP = 3000  # packets (60 s of sound): a jump this large is a new count, not a late packet


class PromptJitterBuffer:
    """Passes packets on in order; one older than the last is dropped (its place is concealed)."""

    def __init__(self) -> None:
        self._last: int | None = None

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """(False, the frame to decode now, if any): the flag would ask for a whole picture."""
        number = packet.sequence_number
        if self._last is not None and not uint16_gt(number, self._last):
            behind = uint16_add(self._last, -number)
            if behind < RESTART_GAP:
                return False, None
        self._last = number
        return False, JitterFrame(data=packet._data, timestamp=packet.timestamp)  # type: ignore[attr-defined]


def _choose(capacity: int, prefetch: int = 0, is_video: bool = False) -> object:
    return JitterBuffer(capacity, prefetch, is_video) if is_video else PromptJitterBuffer()


def install() -> None:
    """Make aiortc's receivers of sound use `PromptJitterBuffer`."""
    vars(aiortc.rtcrtpreceiver)["JitterBuffer"] = _choose
