"""The most that a browser may hold pictures back travels with every packet of the face."""

import math

import pytest
from aiortc import RTCPeerConnection
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensions, unpack_header_extensions

from streaming.webrtc.aiortc_patches.playout_delay import URI, PlayoutDelay

MID = RTCRtpHeaderExtensionParameters(id=1, uri="urn:ietf:params:rtp-hdrext:sdes:mid")
HOLD = RTCRtpHeaderExtensionParameters(id=6, uri=URI)


def negotiated(*extensions: RTCRtpHeaderExtensionParameters) -> PlayoutDelay:
    hold = PlayoutDelay(RTCPeerConnection().addTransceiver("video").sender)
    hold.configure(RTCRtpParameters(headerExtensions=list(extensions)))
    return hold


def written(hold: PlayoutDelay) -> dict[int, bytes]:
    return dict(unpack_header_extensions(*hold.set(HeaderExtensions(mid="1"))))


def least_and_most(value: bytes) -> tuple[int, int]:
    both = int.from_bytes(value, "big")
    return (both >> 12) * 10, (both & 0xFFF) * 10


async def test_nothing_is_said_before_there_is_a_limit() -> None:
    assert written(negotiated(MID, HOLD)) == {1: b"1"}


@pytest.mark.parametrize(
    ("limit", "said"), [(64.5, (10, 70)), (3, (10, 10)), (0, (10, 10_000)), (1e9, (10, 10_000))]
)
async def test_a_limit_goes_with_every_packet(limit: float, said: tuple[int, int]) -> None:
    hold = negotiated(MID, HOLD)
    hold.limit(limit)
    for _ in range(2):
        found = written(hold)
        assert found[1] == b"1"
        assert least_and_most(found[6]) == said


async def test_a_browser_that_does_not_know_it_is_told_nothing() -> None:
    hold = negotiated(MID)
    hold.limit(50)
    assert written(hold) == {1: b"1"}


@pytest.mark.parametrize("nonsense", [-1.0, math.nan, math.inf])
async def test_what_is_no_time_is_refused(nonsense: float) -> None:
    with pytest.raises(ValueError, match=str(nonsense)):
        negotiated(HOLD).limit(nonsense)
