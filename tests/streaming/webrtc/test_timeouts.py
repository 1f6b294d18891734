import av
import numpy as np
import pytest

from streaming.core.limits import Limits
from streaming.webrtc.timeouts import SILENCE_LIMIT, CallTimeouts, audible

LIMITS = Limits(connecting_s=20, idle_s=60, total_s=300)


def test_a_call_that_never_connects_ends() -> None:
    timeouts = CallTimeouts(LIMITS, now=100)
    timeouts.packet(119)
    assert timeouts.over(120) is None
    assert "did not come about" in (timeouts.over(120.1) or "")


def test_a_caller_gone_without_a_word_is_noticed_from_the_last_packet() -> None:
    timeouts = CallTimeouts(LIMITS, now=0)
    timeouts.connected(10)
    assert timeouts.over(10 + SILENCE_LIMIT) is None
    timeouts.packet(14)
    timeouts.connected(15)
    assert timeouts.over(14 + SILENCE_LIMIT) is None
    assert "nothing heard" in (timeouts.over(14.1 + SILENCE_LIMIT) or "")


def test_a_caller_who_may_come_back_has_longer() -> None:
    timeouts = CallTimeouts(Limits(resume_s=12), now=0)
    timeouts.wait_for_return()
    timeouts.connected(10)
    assert timeouts.over(22) is None
    timeouts.packet(22)
    assert timeouts.over(34) is None
    assert "nothing heard" in (timeouts.over(34.1) or "")


@pytest.mark.parametrize("idle_s", [60.0, 0.0])
def test_silence_ends_a_call_unless_it_may_last_for_ever(idle_s: float) -> None:
    timeouts = CallTimeouts(Limits(idle_s=idle_s), now=0)
    timeouts.connected(1)
    timeouts.spoke(50)
    for now in (110, 111):
        timeouts.packet(now)
    assert timeouts.over(110) is None
    assert bool(timeouts.over(111)) == bool(idle_s)


@pytest.mark.parametrize("total_s", [300.0, 0.0])
def test_a_call_ends_at_last_unless_it_may_last_for_ever(total_s: float) -> None:
    timeouts = CallTimeouts(Limits(total_s=total_s), now=0)
    timeouts.connected(1)
    for now in (300, 301):
        timeouts.packet(now)
        timeouts.spoke(now)
    assert timeouts.over(300) is None
    assert bool(timeouts.over(301)) == bool(total_s)


@pytest.mark.parametrize(("peak", "heard"), [(200, False), (-200, False), (2000, True)])
def test_a_quiet_room_is_not_speech(peak: int, heard: bool) -> None:
    pcm = np.zeros((1, 960), np.int16)
    pcm[0, 5] = peak
    assert audible(av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")) == heard
