"""Real voices through a made-up room: whose voice the microphone hears, as Silero judges it."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("pipecat", reason="pipecat-ai is not installed", exc_type=ImportError)

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADState

from streaming.talk.own_voice import OwnVoice
from streaming.talk.turns import ACTIVITY
from tests.streaming.support.person import spoken

Sound = npt.NDArray[Any]
RATE, CHUNK = 16_000, 512
DELAY = 0.16  # seconds until a call's voice leaves
ANSWER = (
    "The weather will stay mild until the evening, then some rain comes in from the west, "
    "and tomorrow we expect a little sun in the morning."
)
QUESTION = "Wait a moment please, I would like to ask something else."


def sound(text: str, voice: str) -> Sound:
    """(n,) float at 16 kHz."""
    return spoken(text, voice)[::3].astype(np.float32) / 32768


def through_a_room(voice: Sound, loudness: float, way: float, random: np.random.Generator) -> Sound:
    """What a microphone hears `way` seconds later: 0.3 s of echoes, and noise."""
    count = int(0.3 * RATE)
    room = random.normal(0, 1, count) * np.exp(-6.9 * np.arange(count) / count)
    room[0] += 3
    wet = np.convolve(voice, room / np.sqrt((room**2).sum()))[: len(voice)] * loudness
    late = np.concatenate([np.zeros(int(way * RATE)), wet])[: len(voice)]
    return late + random.normal(0, 1e-3, len(voice))


def begins(microphone: Sound, own: Sound, check: bool = True) -> list[float]:
    """Seconds at which speech begins, without what the check takes for the own voice."""
    said48, delay = np.repeat(own, 3), round(DELAY * 48_000)

    def said(start: int, count: int) -> Sound:
        place = np.arange(start, start + count)
        inside = (place >= 0) & (place < len(said48))
        return np.where(inside, said48[place.clip(0, len(said48) - 1)], 0).astype(np.float32)

    own_voice, activity = OwnVoice(said, DELAY), SileroVADAnalyzer(params=ACTIVITY)
    activity.set_sample_rate(RATE)
    found, before = [], VADState.QUIET
    for start in range(0, len(microphone) - CHUNK, CHUNK):
        chunk = microphone[start : start + CHUNK].astype(np.float32)
        for clean in own_voice.filter(start * 3 + delay, chunk) if check else [chunk]:
            pcm = (clean * 32767).clip(-32768, 32767).astype("<i2").tobytes()
            state = activity._run_analyzer(pcm)
            if state is VADState.SPEAKING and before in (VADState.QUIET, VADState.STARTING):
                found.append(start / RATE)
            before = state
    return found


@pytest.mark.parametrize("loudness", [0.5, 0.1])
@pytest.mark.parametrize("voice", ["slt", "rms"])
def test_its_own_voice_in_the_microphone_interrupts_nobody(voice: str, loudness: float) -> None:
    random = np.random.default_rng(0)
    own = np.concatenate([np.zeros(RATE), sound(ANSWER, voice)])
    heard = through_a_room(own, loudness, 0.25, random)
    assert begins(heard, own, check=False)
    assert not begins(heard, own)


@pytest.mark.parametrize("voice", ["slt", "rms"])
def test_where_no_own_voice_comes_back_a_person_is_heard_at_once(voice: str) -> None:
    random = np.random.default_rng(0)
    own = np.concatenate([np.zeros(RATE), sound(ANSWER, voice)])
    person = sound(QUESTION, "awb")
    microphone = random.normal(0, 1e-3, len(own))
    microphone[4 * RATE : 4 * RATE + len(person)] += person
    assert begins(microphone, own) == begins(microphone, own, check=False)


def test_words_over_the_first_of_the_own_voice_are_late_but_not_lost() -> None:
    random = np.random.default_rng(0)
    own = np.concatenate([np.zeros(3 * RATE), sound(ANSWER, "slt")])
    microphone = random.normal(0, 1e-3, len(own))
    first = int(3.4 * RATE)
    person = sound("Stop!", "awb")
    microphone[first : first + len(person)] += person
    (noticed,) = begins(microphone, own)
    (without,) = begins(microphone, own, check=False)
    assert without <= noticed < without + 1.0


@pytest.mark.parametrize("loudness", [0.5, 0.1])
@pytest.mark.parametrize("voice", ["slt", "rms"])
@pytest.mark.parametrize("answer", ["Yes.", "All right.", "Good morning."])
def test_a_short_answer_in_the_microphone_interrupts_nobody(
    answer: str, voice: str, loudness: float
) -> None:
    random = np.random.default_rng(0)
    own = np.concatenate([np.zeros(3 * RATE), sound(answer, voice), np.zeros(3 * RATE)])
    heard = through_a_room(own, loudness, 0.25, random)
    assert begins(heard, own, check=False)
    assert not begins(heard, own)


@pytest.mark.parametrize("voice", ["slt", "awb"])
@pytest.mark.parametrize("earlier", [0.3, 0.1, -0.1])
def test_words_over_a_short_answer_are_late_but_not_lost(voice: str, earlier: float) -> None:
    random = np.random.default_rng(0)
    own = np.concatenate([np.zeros(3 * RATE), sound("Yes,", "slt"), np.zeros(3 * RATE)])
    microphone = random.normal(0, 1e-3, len(own))
    first = int((3 - earlier) * RATE)
    person = sound("Good morning.", voice)
    microphone[first : first + len(person)] += person
    noticed = begins(microphone, own)
    without = begins(microphone, own, check=False)
    assert noticed
    assert without[0] <= noticed[0] < without[0] + 1.2


def test_a_person_is_heard_over_the_own_voice() -> None:
    random = np.random.default_rng(0)
    own = np.concatenate([np.zeros(RATE), sound(ANSWER, "slt")])
    person = sound(QUESTION, "awb")
    microphone = through_a_room(own, 0.1, 0.25, random)
    microphone[4 * RATE : 4 * RATE + len(person)] += person
    alone = np.zeros(len(own))
    alone[4 * RATE : 4 * RATE + len(person)] += person
    assert begins(microphone, own)[0] == pytest.approx(begins(alone, own, check=False)[0], abs=0.2)
