"""The figures of pushed speech whose delays are known."""

from typing import Any

import pytest

from avatar.errors import AvatarError
from streaming.benchmark.process_usage import Usage
from streaming.benchmark.speak_report import judge_speech
from streaming.media.frame_marker import ENDED, encode

LIPS, VOICE, SILENT, REST = 160.0, 170.0, 60.0, 120.0  # ms after a push, or an interruption
BETWEEN = 3000.0  # ms from push to push
CUT = 1000.0  # ms after a push
MEMORY = tuple((float(second), 500.0 + second % 2) for second in range(60))
USAGE = Usage(0.3, 500, 0, resident=MEMORY)


def speech(count: int = 20, heard: float = 2000.0) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the two probes bring of `count` segments, every second one interrupted."""
    segments, voices, silences, marks = [], [], [], {}
    for number in range(count):
        pushed = 1000 + number * BETWEEN
        cut = pushed + CUT if number % 2 else None
        heard_until = cut + SILENT if cut else pushed + VOICE + heard
        segments.append(
            {"pushed": pushed, "cut": cut, "position": 800 if cut else heard, "interrupted": cut}
        )
        voices.append(pushed + VOICE)
        silences.append(heard_until)
        marks[pushed + LIPS] = 1
        marks[cut + REST if cut else pushed + LIPS + 2000] = ENDED
    pictures = []
    for number in range(int((count + 1) * BETWEEN / 40)):
        at = number * 40.0
        mark = marks.get(at, 0)
        cells = "".join("1" if cell else "0" for cell in encode(number, mark))
        pictures.append([at, cells, number])
    sound = {"concealedSamples": 0, "silentConcealedSamples": 0}
    collected = {
        "begin": 500.0,
        "clicks": [],
        "voices": voices,
        "silences": silences,
        "pictures": pictures,
        "inbound": {"audio": sound, "video": {"framesDropped": 0}},
    }
    return collected, {"segments": segments, "errors": [], "seconds": 2}


def test_an_agent_in_a_steady_call_is_read_as_what_it_is() -> None:
    report = judge_speech(*speech(), USAGE)
    assert (report.segments, report.interruptions) == (10, 10)
    assert report.call.mouth_delay.p95 == LIPS
    assert report.call.voice_delay.p95 == VOICE
    assert report.call.skew.p95 == VOICE - LIPS
    assert report.silent.p95 == report.latest_silent == SILENT
    assert report.resting.p95 == REST
    assert (report.lost, report.shortest, report.unseen, report.unheard) == (0, 2000, 0, 0)
    assert report.memory.steady


def test_lost_speech_unheard_segments_and_growing_memory_are_noticed() -> None:
    collected, spoken = speech(heard=1900.0)
    del collected["voices"][3]
    grown = tuple((second, 500.0 + 3 * second) for second, _ in MEMORY)
    report = judge_speech(collected, spoken, Usage(0.3, 500, 0, resident=grown))
    assert report.lost == 10 * 100
    assert report.shortest == 1900
    assert (report.unseen, report.unheard) == (0, 1)
    assert not report.memory.steady


def test_what_was_heard_long_after_an_interruption_is_no_silence() -> None:
    collected, spoken = speech()
    collected["silences"][5] += 900
    assert judge_speech(collected, spoken, USAGE).latest_silent == SILENT + 900


def test_an_agent_that_could_not_speak_is_said_with_the_reason() -> None:
    collected, spoken = speech(2)
    spoken["errors"] = ["the call is over; speak in another"]
    with pytest.raises(AvatarError, match=r"only 2 segments .*the call is over"):
        judge_speech(collected, spoken, USAGE)
