"""Ten minutes in simulated time: microphone, computer and sound output each with its own second."""

import numpy as np
import pytest

from streaming.media.audio_input import AudioInput
from streaming.media.clock import VOICE_RATE, SessionClock
from streaming.sinks.drift_correction import DriftCorrection
from tests.streaming.support.virtual_time import VirtualTime

PIECE = VOICE_RATE // 100  # samples: 10 ms, of the microphone and of the output
DELAY = 0.16
LATENCY = 0.03  # of the output
MINUTES = 10


@pytest.mark.parametrize(("microphone", "output"), [(200e-6, -200e-6), (-200e-6, 200e-6)])
def test_voice_and_face_stay_together(time: VirtualTime, microphone: float, output: float) -> None:
    """`microphone`, `output`: by how much their clocks are fast."""
    clock = SessionClock(DELAY, time)
    sound, pace = AudioInput(clock), DriftCorrection()
    silence = np.zeros(PIECE, np.float32)
    begun, skews, leads = time.now, [], []
    captured = played = 0
    while time.now < begun + MINUTES * 60:
        next_capture = begun + (captured + 1) * 0.01 / (1 + microphone)
        next_play = begun + played * 0.01 / (1 + output)
        time.now = min(next_capture, next_play)
        if next_capture <= next_play:
            sound.push(silence, captured * PIECE)
            captured += 1
            leads.append(clock.capture(sound._received) - time.now)
            continue
        played += 1
        if clock.started:
            heard = time.now + LATENCY
            start, _ = pace.next((heard - clock.present(0)) * VOICE_RATE, PIECE)
            skews.append(clock.present(start) - heard)
    settled = len(skews) // 20
    assert pace.slips == 0
    assert np.abs(skews[settled:]).max() < 0.004, "of 120 ms that each clock goes astray"
    assert np.abs(leads[settled:]).max() < 0.006, "the face keeps up with the microphone"
    assert sound.concealed == 0
