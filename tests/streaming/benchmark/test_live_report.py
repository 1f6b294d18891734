"""The figures of a call whose delays are known."""

from typing import Any

import pytest

from avatar.errors import AvatarError
from streaming.benchmark.live_report import judge
from streaming.benchmark.process_usage import Usage
from streaming.media.frame_marker import encode

MOUTH, VOICE = 180.0, 210.0  # ms that every picture and every sound is late
USAGE = Usage(cores=0.3, megabytes=500, megabytes_per_minute=0)


def call(frames: int = 500, lost: range = range(0), skewed: float = 0.0) -> dict[str, Any]:
    """A call in which sample 0 is spoken at 0 ms and every click comes back on time."""
    clicks = [1000.0 + 830 * n for n in range(22)]
    pictures = []
    for number in range(frames):
        within = [click for click in clicks if number * 40 <= click < number * 40 + 40]
        onset = round((within[0] - number * 40) * 16) + 1 if within else 0
        cells = "".join("1" if cell else "0" for cell in encode(number, onset))
        if number not in lost:
            pictures.append([number * 40 + MOUTH, cells, number])
    sound = {"concealedSamples": 480, "silentConcealedSamples": 0}
    return {
        "begin": 500.0,
        "clicks": clicks,
        "voices": [click + VOICE + skewed for click in clicks],
        "pictures": pictures,
        "inbound": {"audio": sound, "video": {"framesDropped": 0}},
    }


def test_a_steady_call_is_read_as_what_it_is() -> None:
    report = judge(call(), USAGE)
    assert report.fps == pytest.approx(25, abs=0.01)
    assert report.freezes == 0
    assert report.longest_gap_ms == pytest.approx(40)
    assert report.events == 22
    # A click within a frame is seen when its picture is: up to 40 ms sooner than the click's place.
    assert MOUTH - 40 <= report.mouth_delay.p50 <= MOUTH
    assert report.voice_delay.p50 == pytest.approx(VOICE)
    assert report.skew.p50 == pytest.approx(VOICE - MOUTH, abs=0.1)
    assert abs(report.voice_delay.slope_per_minute) < 0.01
    assert report.concealed_ms == pytest.approx(10)


def test_a_freeze_and_a_skew_are_noticed() -> None:
    report = judge(call(lost=range(200, 208), skewed=50), USAGE)
    assert report.freezes == 1
    assert report.longest_gap_ms == pytest.approx(360)
    assert report.skew.p95 == pytest.approx(80, abs=0.1)
    assert report.fps < 25


def test_a_repeated_picture_is_no_new_one() -> None:
    shown = call()
    shown["pictures"][300][1] = shown["pictures"][299][1]
    assert judge(shown, USAGE).fps < 25


def test_a_call_without_pictures_is_refused_in_words() -> None:
    with pytest.raises(AvatarError, match="block code"):
        judge(call(frames=10), USAGE)
