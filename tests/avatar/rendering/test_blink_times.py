"""When a face blinks."""

import numpy as np

from avatar.audio import FPS
from avatar.rendering.blink_times import PAUSE_S, BlinkTimes

BLINKS = [range(4), range(4, 9)]


def shown(seed: int, seconds: int, speaking: bool) -> list[int | None]:
    times = BlinkTimes(BLINKS, np.random.default_rng(seed))
    return [times.next(speaking) for _ in range(seconds * FPS)]


def starts(eyes: list[int | None]) -> np.ndarray:
    return np.flatnonzero([number in (0, 4) for number in eyes])


def test_blinks_are_whole_and_two_to_ten_seconds_apart() -> None:
    eyes = shown(1, 600, speaking=False)
    for start in starts(eyes)[:-1]:
        blink = BLINKS[0] if eyes[start] == 0 else BLINKS[1]
        assert eyes[start : start + len(blink) + 1] == [*blink, None]
    pauses = np.diff(starts(eyes)) / FPS
    assert pauses.min() >= PAUSE_S[0]
    assert pauses.max() <= PAUSE_S[1] + 0.5
    assert pauses.std() > 1


def test_who_speaks_blinks_more_often() -> None:
    idle, speaking = (len(starts(shown(2, 600, speaks))) for speaks in (False, True))
    assert 90 < idle < 160
    assert speaking > 1.3 * idle


def test_the_same_seed_blinks_at_the_same_times() -> None:
    assert shown(3, 60, speaking=True) == shown(3, 60, speaking=True)
    assert shown(3, 60, speaking=True) != shown(4, 60, speaking=True)
