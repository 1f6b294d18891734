"""The RTP header extension "playout-delay": the most that a browser may hold pictures back.

A browser that has seen packets late or lost delays its pictures, and gives that back only over
minutes. A page knows how much its line needs; it tells the server, and every packet of the face
carries it to the browser's own buffer, in steps of 10 ms (webrtc.org/experiments/rtp-hdrext).
"""

import math
from typing import Any

from aiortc import RTCRtpSender
from aiortc.codecs import HEADER_EXTENSIONS
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import (
    HeaderExtensions,
    HeaderExtensionsMap,
    pack_header_extensions,
    unpack_header_extensions,
)

URI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
STEP = 10.0  # ms
LEAST = 10.0  # ms; with none at all a browser gives up smoothing and lip sync
NO_LIMIT = 10_000.0  # ms, what browsers take for granted
FREE_ID = 4  # aiortc itself offers 1 to 3; an answer takes the number of the offer


class PlayoutDelay(HeaderExtensionsMap):
    """Writes the header extensions of one aiortc sender; says nothing until a limit is set."""

    def __init__(self, sender: RTCRtpSender) -> None:
        super().__init__()
        self._id: int | None = None
        self._said: bytes | None = None
        vars(sender)["_RTCRtpSender__rtp_header_extensions_map"] = self

    def limit(self, most: float) -> None:
        """Hold pictures back by at most `most` ms from now on; 0: as long as the browser likes.

        Raises ValueError if that is no time.
        """
        if not math.isfinite(most) or most < 0:
            raise ValueError(most)
        most = min(max(most, LEAST), NO_LIMIT) if most else NO_LIMIT
        self._said = (round(LEAST / STEP) << 12 | math.ceil(most / STEP)).to_bytes(3, "big")

    def configure(self, parameters: RTCRtpParameters) -> None:
        super().configure(parameters)
        self._id = next((ext.id for ext in parameters.headerExtensions if ext.uri == URI), None)

    def set(self, values: HeaderExtensions) -> tuple[int, bytes]:
        packed: tuple[Any, bytes] = super().set(values)
        if self._id is None or self._said is None:
            return packed
        known = unpack_header_extensions(*packed)
        return pack_header_extensions([*known, (self._id, self._said)])


def install() -> None:
    """Have aiortc negotiate the extension for pictures."""
    if all(known.uri != URI for known in HEADER_EXTENSIONS["video"]):
        HEADER_EXTENSIONS["video"].append(RTCRtpHeaderExtensionParameters(id=FREE_ID, uri=URI))
