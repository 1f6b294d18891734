import aiortc.rtcrtpreceiver
from aiortc import RTCRtpReceiver
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket

from streaming.webrtc.aiortc_patches.jitter_buffer import PromptJitterBuffer


def packet(number: int) -> RtpPacket:
    made = RtpPacket(sequence_number=number % 65536, timestamp=number * 960)
    made._data = bytes([number % 256])  # type: ignore[attr-defined]
    return made


def passed(*numbers: int) -> list[int]:
    buffer = PromptJitterBuffer()
    frames = [buffer.add(packet(number))[1] for number in numbers]
    return [frame.timestamp // 960 for frame in frames if frame is not None]


def test_every_packet_goes_on_at_once() -> None:
    assert passed(1, 2, 3) == [1, 2, 3]


def test_a_lost_packet_holds_up_nothing_and_a_late_or_repeated_one_is_dropped() -> None:
    assert passed(1, 3, 2, 3, 4) == [1, 3, 4]


def test_the_count_may_wrap_and_may_begin_anew() -> None:
    assert passed(65534, 65535, 65536, 65537) == [65534, 65535, 65536, 65537]
    assert passed(30_000, 10, 11) == [30_000, 10, 11]


def test_aiortc_uses_it_for_sound_only() -> None:
    choose = aiortc.rtcrtpreceiver.JitterBuffer
    assert isinstance(choose(capacity=16, prefetch=4), PromptJitterBuffer)
    assert isinstance(choose(capacity=512, is_video=True), JitterBuffer)
    assert RTCRtpReceiver.__init__.__globals__["JitterBuffer"] is choose
